"""Names that cases give to model-specific registers: the manual's, with or without `IA32_`, Linux's, and shorter ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.msrs import NUMBERS
from kvmdbg.machine.hw.operands import number as parse_number
from kvmdbg.machine.kvm.guest_msr import GUEST_MSRS
from kvmdbg.machine.kvm.vmx_msrs import BY_NUMBER

_ALIASES: Final[Mapping[str, str]] = {
    "TSC": "IA32_TIME_STAMP_COUNTER", "IA32_TSC": "IA32_TIME_STAMP_COUNTER", "CR_PAT": "IA32_PAT",
    "FEAT_CTL": "IA32_FEATURE_CONTROL",
    "DEBUGCTLMSR": "IA32_DEBUGCTL", "SYSCALL_MASK": "IA32_FMASK",
}
_KNOWN: Final = {msr.name: msr.number for msr in GUEST_MSRS} | NUMBERS
_NAMES: Final = {number: name for name, number in NUMBERS.items()}


def number(name: str) -> int:
    """The number in ECX behind a name, or of a number.  raises: Unsupported for a name that no register has."""
    short = name.removeprefix("MSR_")
    for spelling in (name, short, f"IA32_{short}", _ALIASES.get(short, ""), _ALIASES.get(short.removeprefix("IA32_"), "")):
        if spelling in _KNOWN:
            return _KNOWN[spelling]
    found = parse_number(name)
    if found is None:
        raise Unsupported(f"{name}: no model-specific register that the model has")
    return found


def word(msr: int) -> str:
    """How the debugger takes a register: the manual's name, else its number."""
    return _NAMES.get(msr, f"{msr:#x}")


def exists(msr: int) -> bool:
    """Does a guest have it?"""
    return msr in BY_NUMBER
