"""check-entry: would VM entry accept this VMCS?"""

from __future__ import annotations

from typing import Annotated, Final

from kvmdbg.errors import UserError
from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.checking import CONTROL_AREA, GUEST_AREA, HOST_AREA, Problem
from kvmdbg.machine.hw.checks import all_problems
from kvmdbg.machine.hw.vmcb import vmcb_of
from kvmdbg.machine.hw.vmrun_checks import vmrun_problems
from kvmdbg.machine.kvm.nested_checks import is_left_to_the_processor, nested_problems
from kvmdbg.machine.kvm.state import INVALID_GPA, INVALID_PAGE, VMCS01, VMCS02, Kvm, Vcpu
from kvmdbg.session.grid import Column, Grid, Row
from kvmdbg.session.operands import ChoiceOperand
from kvmdbg.session.parse import command
from kvmdbg.session.session import Session
from kvmdbg.tape import Table

VMCS12: Final = "vmcs12"
VMCB: Final = "vmcb"
Which = Annotated[str, ChoiceOperand("VMCS", VMCS12, VMCS02, VMCS01, VMCB)]
OUTCOMES: Final = {CONTROL_AREA: "VMfail 7", HOST_AREA: "VMfail 8", GUEST_AREA: "exit 33"}


@command("check-entry", group="data", examples=("check-entry", "check-entry vmcs12", "check-entry vmcs02"))
def check_entry(s: Session, which: Which = "") -> Grid:
    """Show each check of VM entry that a VMCS fails, without entering: field, value, what is allowed, the manual's section.

    The first row is what would end the entry.  vmcs12 is checked as KVM of this kernel does for L1, with what L1 is offered, then
    for what KVM leaves to the processor;
    vmcs01 and vmcs02 as the processor does.  Alone, it means vmcs12 if there is one, else vmcs01.
    A VMCB from a log is checked as VMRUN does.
    """
    vcpu = s.kvm.vcpus[s.current_vcpu]
    block = vmcb_of(s.kvm.hw)
    if which == VMCB or block is not None and not which:
        return check_vmrun(block, s.caps.maxphyaddr)
    name = which or (VMCS12 if vcpu.current_vmptr != INVALID_GPA else VMCS01)
    rows = tuple(Row((OUTCOMES[problem.area], problem.check, problem.text)) for problem in problems(s.kvm, vcpu, name))
    by = f"KVM {s.kernel}" if name == VMCS12 else "the processor"
    columns = (Column("ends in"), Column("check"), Column("because", "<", 1))
    return Grid(f"VM entry with {name} of vcpu{vcpu.id}, as {by} checks it", columns, rows,
                "" if rows else "Every check passes.")


def check_vmrun(block: Table[str, int] | None, width: int) -> Grid:
    """`check-entry vmcb`.  raises: UserError without a VMCB."""
    if block is None:
        raise UserError("the machine has no VMCB", "`load dmesg FILE` takes one from a kernel's log.")
    rows = tuple(Row(("VMEXIT_INVALID", problem.check, problem.text)) for problem in vmrun_problems(dict(block.items()), width))
    columns = (Column("ends in"), Column("check"), Column("because", "<", 1))
    return Grid("VMRUN of the VMCB, as the processor checks it", columns, rows, "" if rows else "Every check passes.")


def problems(kvm: Kvm, vcpu: Vcpu, name: str) -> tuple[Problem, ...]:
    """What fails, in the order of the checks.  raises: UserError for a VMCS that does not exist now."""
    if name == VMCS12:
        if vcpu.current_vmptr == INVALID_GPA:
            raise UserError("L1 has no current VMCS", "Use `inject vmptrld ADDRESS` first, or `check-entry vmcs01`.")
        return (*nested_problems(kvm, vcpu), *nested_problems(kvm, vcpu, made=is_left_to_the_processor))
    region = kvm.vmcs01(vcpu) if name == VMCS01 else vcpu.vmcs02
    if region == INVALID_PAGE:
        raise UserError(f"vcpu{vcpu.id} has no vmcs02 now", "It exists from VMXON on.")
    return all_problems(kvm.hw, kvm.hw.cpus[max(vcpu.cpu, 0)], lambda encoding: vmcs.peek(kvm.hw, region, encoding))
