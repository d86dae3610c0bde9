"""`flags`: arithmetic flags after the step, by name (`{CF: 0, ZF: 1}`) or all of them as the number they make in RFLAGS."""

from __future__ import annotations

from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw import controls
from kvmdbg.machine.hw.outcome import ARITHMETIC_FLAGS
from kvmdbg.session.cases.fact import Observed, key, same_number
from kvmdbg.session.cases.facts.user_space import saved
from kvmdbg.session.cases.model import Value

NAMES: Final = ("CF", "PF", "AF", "ZF", "SF", "OF")


@key("flags")
def flags(observed: Observed, wanted: Value) -> str:
    """Only what the entry names is compared; after `get_nested_state` it is the flags of that state (KVM_STATE_NESTED_*)."""
    if observed.last.word == "get_nested_state":
        return same_number(observed, saved(observed).flags, wanted)
    seen = observed.last.flags
    if seen < 0:
        return f"the level that acted does not run: {observed.seen}"
    mask, value = _mask_and_value(wanted)
    return "" if seen & mask == value & mask else f"{seen & ARITHMETIC_FLAGS:#x}"


def _mask_and_value(wanted: Value) -> tuple[int, int]:
    if isinstance(wanted, int):
        return ARITHMETIC_FLAGS, wanted
    if not isinstance(wanted, dict) or not set(wanted) <= set(NAMES):
        raise Unsupported(f"flags: {wanted}")
    bits = {name: int(getattr(controls, f"RFLAGS_{name}")) for name in wanted}
    return sum(bits.values()), sum(bit for name, bit in bits.items() if wanted[name])
