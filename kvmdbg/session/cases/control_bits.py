"""`bit_kind`: an instance that is about every control of a kind, one bit after the other: `must be 1`, `may be 1`, `must be 0`.

Which bits these are the capability MSRs say that L1 reads.  Of which control fields, the case's title says.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.capabilities import Settings, control_caps
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm.nested_checks import nested_caps
from kvmdbg.machine.kvm.state import Kvm
from kvmdbg.session.cases.model import Case, Value

KIND: Final = "bit_kind"
WORDS: Final[Mapping[str, tuple[str, int]]] = {        # in a title -> name in ControlCaps, field
    "pin-based": ("pin", F.PIN_BASED_VM_EXEC_CONTROL), "primary": ("cpu", F.CPU_BASED_VM_EXEC_CONTROL),
    "secondary": ("sec", F.SECONDARY_VM_EXEC_CONTROL), "VM-exit controls": ("exit", F.VM_EXIT_CONTROLS),
    "VM-entry controls": ("entry", F.VM_ENTRY_CONTROLS),
}
ALL: Final = 0xFFFF_FFFF
KINDS: Final = {
    "must be 1": lambda allowed: allowed.allowed_0,
    "may be 1": lambda allowed: allowed.allowed_1 & ~allowed.allowed_0,
    "must be 0": lambda allowed: ALL & ~allowed.allowed_1,
}


class Bit(NamedTuple):
    """One control."""

    field: int               # encoding
    bit: int                 # as a mask
    allowed_0: int           # the field's bits that must be 1


NO_BIT: Final = Bit(-1, 0, 0)


def bits(kvm: Kvm, case: Case, values: Mapping[str, Value]) -> tuple[Bit, ...]:
    """The controls that an instance tries one after the other; NO_BIT alone where it speaks of no kind.

    raises: Unsupported for a kind that is none, a title that names no field, and where no control is of the kind.
    """
    if KIND not in values:
        return (NO_BIT,)
    kind = str(values[KIND])
    fields = [found for word, found in WORDS.items() if word in case.title]
    if kind not in KINDS or not fields:
        raise Unsupported(f"{KIND} {kind}: no kind of controls, or no control field in the title")
    caps = control_caps(nested_caps(kvm))
    found = []
    for name, field in fields:
        allowed: Settings = getattr(caps, name)
        mask = KINDS[kind](allowed)
        found += [Bit(field, 1 << bit, allowed.allowed_0) for bit in range(32) if mask >> bit & 1]
    if not found:
        raise Unsupported(f"{KIND} {kind}: L1 has no such control in the fields of the title")
    return tuple(found)
