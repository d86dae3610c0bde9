"""VMXOFF."""

from __future__ import annotations

from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.events import Completed, Faulted, Invalidated
from kvmdbg.machine.hw.execute import EXITED, FAULTED, RETIRED, execute
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.instructions import parse_insn
from kvmdbg.machine.hw.state import NO_VMCS, VMX_OFF
from support import events, new_hardware
from vmx import in_guest, with_vmcs


def test_vmx_operation_ends_and_nothing_is_invalidated() -> None:
    hw, cpu = with_vmcs()
    assert execute(hw, cpu, parse_insn("vmxoff")) == RETIRED
    assert (cpu.vmx, cpu.vmxon_pointer, cpu.current_vmcs) == (VMX_OFF, NO_VMCS, NO_VMCS)
    assert events(hw, Completed, Invalidated) == [Completed(0, "vmxoff", "VMsucceed", 0)]


def test_outside_vmx_operation_it_is_undefined() -> None:
    hw = new_hardware()
    assert execute(hw, hw.cpus[0], parse_insn("vmxoff")) == FAULTED
    assert events(hw) == [Faulted(0, "#UD", 0, 0)]


def test_a_guest_exits() -> None:
    hw, cpu = in_guest(cpl=3)
    assert execute(hw, cpu, parse_insn("vmxoff")) == EXITED
    assert vmcs.read(hw, cpu, F.VM_EXIT_REASON) == 26
