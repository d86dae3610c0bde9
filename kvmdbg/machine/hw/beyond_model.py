"""Bits that a processor offers and the model lacks: a VMCS that comes from a real machine may have them set (Caps.beyond_model).

The checks of VM entry accept them, so that what is wrong with such a VMCS is found; an entry that passes every check is refused.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw import controls as c
from kvmdbg.machine.hw.checking import Subject
from kvmdbg.machine.hw.controls import CPU_BITS, CR4_BITS, ENTRY_BITS, EXIT_BITS, PIN_BITS, SEC_BITS, names_of
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.state import Caps

# Secondary controls about instructions and events that the model does not have: they cannot matter.
HARMLESS_SECONDARY: Final = (
    c.SEC_DESC | c.SEC_WBINVD_EXITING | c.SEC_PAUSE_LOOP_EXITING | c.SEC_RDRAND_EXITING | c.SEC_ENCLS_EXITING
    | c.SEC_RDSEED_EXITING | c.SEC_ENABLE_XSAVES
    | 1 << 19                     # conceal VMX from Intel PT
    | 0x7 << 26)                  # user wait and pause, PCONFIG, ENCLV
HARMLESS_ENTRY: Final = 1 << 17 | 1 << 18        # conceal VMX from Intel PT, load IA32_RTIT_CTL
HARMLESS_EXIT: Final = 1 << 24 | 1 << 25         # the same, clear IA32_RTIT_CTL


class Beyond(NamedTuple):
    """The bits by the word that they are in."""

    pin: int = 0
    cpu: int = 0
    sec: int = 0
    exit: int = 0
    entry: int = 0
    cr4: int = 0


def beyond(caps: Caps) -> Beyond:
    """Caps.beyond_model by name; what is left out is 0."""
    return Beyond(*caps.beyond_model[:len(Beyond._fields)])


def refuse(s: Subject) -> None:
    """raises: Unsupported for a control that nothing would honour.  CR4 of the guest counts, that of the host does not."""
    more = beyond(s.caps)
    words = (("pin-based controls", s.read(F.PIN_BASED_VM_EXEC_CONTROL) & more.pin, PIN_BITS),
             ("primary controls", s.read(F.CPU_BASED_VM_EXEC_CONTROL) & more.cpu, CPU_BITS),
             ("secondary controls", s.secondary & more.sec & ~HARMLESS_SECONDARY, SEC_BITS),
             ("VM-exit controls", s.read(F.VM_EXIT_CONTROLS) & more.exit & ~HARMLESS_EXIT, EXIT_BITS),
             ("VM-entry controls", s.read(F.VM_ENTRY_CONTROLS) & more.entry & ~HARMLESS_ENTRY, ENTRY_BITS),
             ("guest CR4", s.read(F.GUEST_CR4) & more.cr4, CR4_BITS))
    found = [f"{word}: {names_of(bits, names)}" for word, bits, names in words if bits]
    if found:
        raise Unsupported(f"every check passes, but the guest would run with what is not modelled: {'; '.join(found)}",
                          "Look with check-entry and info vmcs; `info model` says what is left out.")
