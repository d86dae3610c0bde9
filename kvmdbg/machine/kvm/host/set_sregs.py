"""host set-sregs: user space changes control registers of a vCPU (KVM_SET_SREGS)."""

from __future__ import annotations

from typing import Final

from kvmdbg.errors import UserError
from kvmdbg.machine.hw.controls import AR_UNUSABLE
from kvmdbg.machine.hw.operands import OperandType, optional, value_64
from kvmdbg.machine.kvm.errno import OK
from kvmdbg.machine.kvm.host_event import host_event
from kvmdbg.machine.kvm.sregs import Sregs, get_sregs, set_sregs, sregs_problem
from kvmdbg.machine.kvm.state import Kvm, Vcpu
from kvmdbg.machine.kvm.user_space import leave_kvm_run, returned
from kvmdbg.machine.kvm.vmx_ops import field, read, write

Assignment = tuple[str, int]
SEGMENTS: Final = ("ES", "CS", "SS", "DS", "FS", "GS", "LDTR", "TR")
PARTS: Final = {"selector": "SELECTOR", "base": "BASE", "limit": "LIMIT", "ar": "AR_BYTES"}
UNUSABLE: Final = "unusable"


def _assignment(text: str) -> Assignment | None:
    """`CR3=0x5000` -> ("cr3", 0x5000); `TR.base=0` and `TR=unusable` -> ("TR.base", 0), ("TR.unusable", 1)."""
    name, _, value = text.partition("=")
    segment, _, part = name.partition(".")
    if segment.upper() in SEGMENTS and not part and value.lower() == UNUSABLE:
        return f"{segment.upper()}.{UNUSABLE}", 1
    number = value_64(value)
    if number is None:
        return None
    if name.lower() in Sregs._fields:
        return name.lower(), number
    return (f"{segment.upper()}.{part.lower()}", number) if segment.upper() in SEGMENTS and part.lower() in PARTS else None


ASSIGNMENT: Final = OperandType(
    "REGISTER=VALUE", f"one of {', '.join(name.upper() for name in Sregs._fields)}, = and a number; or SEGMENT.PART=VALUE with one "
    f"of {', '.join(PARTS)}, or SEGMENT=unusable", _assignment, tuple(f"{name.upper()}=" for name in (*Sregs._fields, *SEGMENTS)))


@host_event("set-sregs", operands=(ASSIGNMENT, *[optional(ASSIGNMENT)] * 3), source="x86.c: __set_sregs(); kvm.md D, J.1")
def happen(kvm: Kvm, vcpu: Vcpu, *given: Assignment | None) -> None:
    """User space sets CR0, CR3, CR4, EFER or segments of the vCPU: KVM_RUN returns first, and goes on afterwards."""
    assigned = dict(one for one in given if one is not None)
    segments = {name: assigned.pop(name) for name in list(assigned) if "." in name}
    problem = sregs_problem(kvm, Sregs(vcpu.cr0, vcpu.cr3, vcpu.cr4, vcpu.efer)._replace(**assigned))
    if problem:
        raise UserError(f"host set-sregs: {problem}", "KVM would return -EINVAL, or the next VM entry would fail.")
    leave_kvm_run(kvm, vcpu)
    for name, value in segments.items():
        segment, _, part = name.partition(".")
        vmx_set_segment(kvm, vcpu, segment, part, value)
    set_sregs(kvm, vcpu, get_sregs(kvm, vcpu)._replace(**assigned))
    returned(kvm, vcpu, "KVM_SET_SREGS", OK)


def vmx_set_segment(kvm: Kvm, vcpu: Vcpu, segment: str, part: str, value: int) -> None:
    """One part of a segment register, as it is: KVM checks none (vmx.c)."""
    if part == UNUSABLE:
        encoding = field(f"GUEST_{segment}_AR_BYTES")
        write(kvm, vcpu, encoding, read(kvm, vcpu, encoding) | AR_UNUSABLE)
    else:
        write(kvm, vcpu, field(f"GUEST_{segment}_{PARTS[part]}"), value)
