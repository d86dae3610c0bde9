"""Premises about the mode and the registers of L1: privilege, VMX operation, control registers, segments, MSRs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.controls import CR0_BITS, CR4_BITS, CR4_PGE, CR4_VMXE, EFER_BITS
from kvmdbg.session.cases.binding import Binding
from kvmdbg.session.cases.debug_bits import debug_bits
from kvmdbg.session.cases.layout import SegmentRegister
from kvmdbg.session.cases.model import Value
from kvmdbg.session.cases.phrases import Handler, nothing
from kvmdbg.session.cases.setup import Plan

DEMANDED: Final = re.compile(r"CR4 bit demanded by FIXED0")


def unlocked(plan: Plan, groups: Value) -> None:
    """Firmware has left IA32_FEATURE_CONTROL alone: user space starts the guest with 0 in it."""
    plan.layout = plan.layout._replace(feature_control=0)


def demanded_bits(plan: Plan, texts: tuple[str, ...]) -> None:
    """A case about bits of CR4 that FIXED0 demands beside VMXE: user space has made L1's processor one that demands PGE."""
    if any(DEMANDED.search(text) for text in texts):
        plan.limit_l1("cr4_fixed0", CR4_VMXE | CR4_PGE)


def no_vmx(plan: Plan, value: Value) -> None:
    plan.vmx = False


def in_root(plan: Plan, value: Value) -> None:
    """L1 is in VMX operation before step 1, even where a step executes VMXON."""
    plan.in_root = True


def no_current_vmcs(plan: Plan, value: Value) -> None:
    plan.current_vmcs = False


def cpl(plan: Plan, groups: Value) -> None:
    plan.cpl = int(groups[0])


def calls_at_once(plan: Plan, value: Value) -> None:
    plan.calls_at_once = True


def compatibility(plan: Plan, value: Value) -> None:
    plan.compatibility = True


def set_bit(register: str, names: Mapping[int, str]) -> Handler:
    """A bit of a control register or of EFER by its name."""
    def set_bit(plan: Plan, groups: Value) -> None:
        name, on = groups
        if name not in names.values():
            raise Unsupported(f"{register.upper()}.{name}: no bit of {register.upper()} in the model")
        plan.registers.append(f"{register} {'|' if on == '1' else '&~'} {name}")
    return set_bit


set_cr4: Final = set_bit("cr4", CR4_BITS)


def nx(plan: Plan, groups: Value) -> None:
    """EFER.NX is the kernel's and the suites' name of IA32_EFER.NXE."""
    set_bit("efer", EFER_BITS)(plan, ("NXE", *groups))


def set_pcid(plan: Plan, groups: Value) -> None:
    plan.registers.append(f"cr3 pcid {int(groups[0], 0)}")


def segment_register(name: str) -> Handler:
    """`base 0x1000, limit 0xfffff`, `null`, `base 0, limit 1, expand-down`: a data-segment register of L1."""
    def load(plan: Plan, text: Value) -> None:
        words = {"base": 0, "limit": 0xFFFF_FFFF}
        flags = []
        for phrase in (part.strip() for part in str(text).split(",")):
            if match := _BASE_OR_LIMIT.fullmatch(phrase):
                words[match[1]] = int(match[2], 0)
            elif phrase in _KINDS_OF_SEGMENT:
                flags.append(_KINDS_OF_SEGMENT[phrase])
            else:
                raise Unsupported(f"given {name}: {phrase}")
        found = SegmentRegister(name, words["base"], words["limit"], "unusable" in flags, "expand_down" in flags)
        plan.layout = plan.layout._replace(segments=(*plan.layout.segments, found))
    return load


def dr6(plan: Plan, value: Value) -> None:
    """What the debug status register holds, for L1 and L2 alike."""
    plan.layout = plan.layout._replace(dr6=debug_bits(Binding(plan.caps), value))


_BASE_OR_LIMIT: Final = re.compile(r"(base|limit) (0x[0-9a-fA-F]+|\d+)")
_KINDS_OF_SEGMENT: Final = {
    "null": "unusable", "NULL": "unusable", "null selector": "unusable", "expand-down": "expand_down", "expand down": "expand_down",
    "flat": "",
}
VMX: Final[Mapping[str, Handler]] = {
    "not entered|off": no_vmx, "entered|(in )?root( operation)?|on": in_root, "(with )?no current VMCS": no_current_vmcs,
    "(with )?a current VMCS": nothing,
}
MODE: Final[Mapping[str, Handler]] = {
    "64-bit": nothing, "CPL ?([0-3])": cpl, "VMX root( operation)?": in_root, "(a )?current VMCS": nothing, "L2": nothing,
    "no current VMCS": no_current_vmcs, "current VMCS in the clear state": nothing,
    "VMX not entered|(outside|not in) VMX operation|VMX off": no_vmx,
    "64-bit L2 that executes VMCALL at once": calls_at_once, "32-bit code segment under long mode": compatibility,
}
CR3: Final[Mapping[str, Handler]] = {r"bits 11:0 = (\w+)": set_pcid}
MSR: Final[Mapping[str, Handler]] = {"FEATURE_CONTROL (?:is )?not locked|FEATURE_CONTROL unlocked": unlocked}
CR4: Final[Mapping[str, Handler]] = {r"(?:CR4\.)?(\w+)=([01])": set_cr4}
CR0: Final[Mapping[str, Handler]] = {r"(?:CR0\.)?(\w+)=([01])": set_bit("cr0", CR0_BITS)}
EFER: Final[Mapping[str, Handler]] = {
    r"(?:EFER\.)?NX=([01])": nx, r"(?:EFER\.)?(\w+)=([01])": set_bit("efer", EFER_BITS),
}
