"""host set-sregs: user space changes control registers of a vCPU (KVM_SET_SREGS)."""

from __future__ import annotations

from typing import Final

from kvmdbg.errors import UserError
from kvmdbg.machine.hw.operands import OperandType, optional, value_64
from kvmdbg.machine.kvm.host_event import host_event
from kvmdbg.machine.kvm.sregs import Sregs, get_sregs, set_sregs, sregs_problem
from kvmdbg.machine.kvm.state import Kvm, Vcpu
from kvmdbg.machine.kvm.user_space import OK, leave_kvm_run, returned

Assignment = tuple[str, int]


def _assignment(text: str) -> Assignment | None:
    name, _, value = text.partition("=")
    number = value_64(value)
    return None if number is None or name.lower() not in Sregs._fields else (name.lower(), number)


ASSIGNMENT: Final = OperandType("REGISTER=VALUE", f"one of {', '.join(name.upper() for name in Sregs._fields)}, = and a number",
                                _assignment, tuple(f"{name.upper()}=" for name in Sregs._fields))


@host_event("set-sregs", operands=(ASSIGNMENT, *[optional(ASSIGNMENT)] * 3), source="x86.c: __set_sregs(); kvm.md D, J.1")
def happen(kvm: Kvm, vcpu: Vcpu, *given: Assignment | None) -> None:
    """User space sets CR0, CR3, CR4 or EFER of the vCPU: KVM_RUN returns first, and goes on afterwards."""
    assigned = dict(one for one in given if one is not None)
    problem = sregs_problem(kvm, Sregs(vcpu.cr0, vcpu.cr3, vcpu.cr4, vcpu.efer)._replace(**assigned))
    if problem:
        raise UserError(f"host set-sregs: {problem}", "KVM would return -EINVAL, or the next VM entry would fail.")
    leave_kvm_run(kvm, vcpu)
    set_sregs(kvm, vcpu, get_sregs(kvm, vcpu)._replace(**assigned))
    returned(kvm, vcpu, "KVM_SET_SREGS", OK)
