"""`bits`, `VMX_BASIC`, `VMX_MISC`, `control MSRs`, `VMCS_ENUM`, `EPT_VPID_CAP`: rules about the VMX capability MSRs.

A rule is a sentence of clauses between semicolons; each clause must be one that is written down here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw import capabilities as c
from kvmdbg.machine.hw.controls import SEC_UNRESTRICTED_GUEST
from kvmdbg.machine.hw.state import Caps
from kvmdbg.machine.kvm.nested_checks import nested_caps
from kvmdbg.session.cases.fact import Observed, key
from kvmdbg.session.cases.model import Value
from kvmdbg.session.cases.registers_read import MsrRead, MsrsRead

Clause = Callable[[MsrsRead, int, "re.Match[str]"], bool]        # (all MSRs, the one that the key names, the groups)
Offered = Callable[[Caps], bool]
INDEX: Final = 0x1FF << 1                # IA32_VMX_VMCS_ENUM bits 9:1
MASK_32: Final = 0xFFFF_FFFF


def _offers_invvpid(kind: int) -> Offered:
    return lambda caps: caps.vpid and kind in caps.invvpid_types


# -- which bit announces what (SDM Vol. 3D A.10) -----------------------------------------------------------------------------
EPT_VPID: Final[Mapping[str, tuple[int, Offered]]] = {
    "execute-only": (0, lambda caps: caps.ept and caps.ept_execute_only), "4-level walk": (6, lambda caps: caps.ept),
    "5-level walk": (7, lambda caps: False), "UC": (8, lambda caps: caps.ept and caps.ept_uc),
    "WB": (14, lambda caps: caps.ept and caps.ept_wb), "2M": (16, lambda caps: caps.ept and caps.ept_2m),
    "1G": (17, lambda caps: caps.ept and caps.ept_1g),
    "invept instruction": (20, lambda caps: caps.ept and bool(caps.invept_types)),
    "EPT accessed/dirty": (21, lambda caps: caps.ept and caps.ept_ad), "advanced info": (22, lambda caps: False),
    "single-context (type 1)": (25, lambda caps: caps.ept and 1 in caps.invept_types),
    "all-context (type 2)": (26, lambda caps: caps.ept and 2 in caps.invept_types),
    "invvpid instruction": (32, lambda caps: caps.vpid and bool(caps.invvpid_types)),
    **{f"invvpid type {kind}": (40 + kind, _offers_invvpid(kind)) for kind in range(4)},
}
GROUPS: Final[Mapping[str, tuple[str, ...]]] = {          # shorter words for the same, as rules have them
    "exec-only": ("execute-only",), "PWL4": ("4-level walk",), "PWL5": ("5-level walk",), "A/D": ("EPT accessed/dirty",),
    "INVEPT(1,2)": ("invept instruction", "single-context (type 1)", "all-context (type 2)"),
    "INVVPID(0,1,2,3)": ("invvpid instruction", *(f"invvpid type {kind}" for kind in range(4))),
}


@key("bits")
def bits(observed: Observed, wanted: Value) -> str:
    """Each bit is the one of that capability, and is 1 just where L1 is offered it.  raises: Unsupported for other registers."""
    read = observed.last.value
    if not isinstance(read, MsrRead) or read.number != c.IA32_VMX_EPT_VPID_CAP or not isinstance(wanted, dict):
        raise Unsupported("bits: only those of IA32_VMX_EPT_VPID_CAP")
    caps = nested_caps(observed.kvm)
    for name, number in wanted.items():
        if name not in EPT_VPID:
            raise Unsupported(f"bits: {name}")
        bit, offered = EPT_VPID[name]
        if bit != number:
            return f"{name} is bit {bit}"
        if bool(read.value >> bit & 1) != offered(caps):
            return f"{name}: bit {bit} is {read.value >> bit & 1}, which is not what L1 is offered"
    return ""


# -- rules in words ----------------------------------------------------------------------------------------------------------

def _bit_is(msrs: MsrsRead, value: int, match: re.Match[str]) -> bool:
    return value >> int(match[1]) & 1 == int(match[2])


def _size(msrs: MsrsRead, value: int, match: re.Match[str]) -> bool:
    """IA32_VMX_BASIC bits 44:32."""
    return int(match[1]) <= value >> 32 & 0x1FFF <= int(match[2])


def _memory_type(msrs: MsrsRead, value: int, match: re.Match[str]) -> bool:
    """IA32_VMX_BASIC bits 53:50."""
    return value >> 50 & 0xF in (int(match[1]), int(match[2]))


def _cr3_targets(msrs: MsrsRead, value: int, match: re.Match[str]) -> bool:
    """IA32_VMX_MISC bits 24:16."""
    return value >> 16 & 0x1FF <= int(match[1])


def _mask(msrs: MsrsRead, value: int, match: re.Match[str]) -> bool:
    return not value & int(match[1], 16)


def _bit_with_unrestricted_guest(msrs: MsrsRead, value: int, match: re.Match[str]) -> bool:
    offered = (msrs.get(c.IA32_VMX_PROCBASED_CTLS2) or 0) >> 32 & SEC_UNRESTRICTED_GUEST
    return not offered or bool(value >> int(match[1]) & 1)


def _index(msrs: MsrsRead, value: int, match: re.Match[str]) -> bool:
    """Bits 9:1, where they stand."""
    return value & INDEX >= int(match[1], 16)


def _others_0(msrs: MsrsRead, value: int, match: re.Match[str]) -> bool:
    return not value & ~INDEX


def _no_bit_outside(msrs: MsrsRead, value: int, match: re.Match[str]) -> bool:
    """raises: Unsupported for a word that names no bit."""
    allowed = 0
    for word in match[1].split(", "):
        names = GROUPS.get(word, (word,))
        if not set(names) <= set(EPT_VPID):
            raise Unsupported(f"EPT_VPID_CAP: {word}")
        allowed |= sum(1 << EPT_VPID[name][0] for name in names)
    return not value & ~allowed


# plain MSR -> (default1 bits, TRUE MSR or 0)
CONTROLS: Final[Mapping[int, tuple[int, int]]] = {
    c.IA32_VMX_PINBASED_CTLS: (c.PIN_DEFAULT1, c.IA32_VMX_TRUE_PINBASED_CTLS),
    c.IA32_VMX_PROCBASED_CTLS: (c.CPU_DEFAULT1, c.IA32_VMX_TRUE_PROCBASED_CTLS), c.IA32_VMX_PROCBASED_CTLS2: (0, 0),
    c.IA32_VMX_EXIT_CTLS: (c.EXIT_DEFAULT1, c.IA32_VMX_TRUE_EXIT_CTLS),
    c.IA32_VMX_ENTRY_CTLS: (c.ENTRY_DEFAULT1, c.IA32_VMX_TRUE_ENTRY_CTLS),
}


def _every_control(holds: Callable[[int, int, int | None], bool]) -> Clause:
    """For each word of controls that L1 has: (MSR, default1 bits, TRUE MSR)."""
    def clause(msrs: MsrsRead, value: int, match: re.Match[str]) -> bool:
        found = [(msrs.get(number), default1, msrs.get(true)) for number, (default1, true) in CONTROLS.items()]
        return all(holds(plain, default1, true) for plain, default1, true in found if plain is not None)
    return clause


CLAUSES: Final[tuple[tuple[str, Clause], ...]] = (
    (r"bit (\d+) is ([01])", _bit_is), (r"size (\d+)\.\.(\d+)", _size), (r"memory type (\d+) or (\d+)", _memory_type),
    (r"CR3 targets <= (\d+)", _cr3_targets), (r"mask (0x[0-9a-f]+) is 0", _mask),
    (r"bit (\d+) set if unrestricted guest is offered", _bit_with_unrestricted_guest),
    (r"index >= (0x[0-9a-f]+)", _index), (r"other bits 0", _others_0), (r"no bit outside (.+)", _no_bit_outside),
    (r"default-1 bits set", _every_control(lambda plain, default1, true: plain & default1 == default1)),
    (r"must-be-1 is a subset of may-be-1", _every_control(lambda plain, default1, true: not plain & MASK_32 & ~(plain >> 32))),
    (r"TRUE MSR plus default-1 bits equals the plain one",
     _every_control(lambda plain, default1, true: true is None or true | default1 == plain)),
)
RULES: Final[Mapping[str, int]] = {
    "VMX_BASIC": c.IA32_VMX_BASIC, "VMX_MISC": c.IA32_VMX_MISC, "VMCS_ENUM": c.IA32_VMX_VMCS_ENUM,
    "EPT_VPID_CAP": c.IA32_VMX_EPT_VPID_CAP, "control MSRs": c.IA32_VMX_PINBASED_CTLS,
}


def _rule(name: str) -> Callable[[Observed, Any], str]:
    def compare(observed: Observed, wanted: Value) -> str:
        msrs = observed.last.value
        if not isinstance(msrs, MsrsRead):
            raise Unsupported(f"{name}: the step does not read the VMX capability MSRs")
        value = msrs.get(RULES[name])
        if value is None:
            return "L1 has no such register"
        for text in (part.strip() for part in str(wanted).split(";")):
            found = [(holds, match) for pattern, holds in CLAUSES if (match := re.fullmatch(pattern, text))]
            if not found:
                raise Unsupported(f"{name}: {text}")
            holds, match = found[0]
            if not holds(msrs, value, match):
                return f"{text}: not so, {value:#x}"
        return ""
    return compare


for _name in RULES:
    key(_name)(_rule(_name))
