"""IA32_PAT of a guest."""

from __future__ import annotations

import pytest

from kvm_support import Machine, of
from kvmdbg.machine.hw.controls import ENTRY_LOAD_IA32_PAT, EXIT_LOAD_IA32_PAT, EXIT_SAVE_IA32_PAT
from kvmdbg.machine.hw.msr.pat import PAT_RESET
from kvmdbg.machine.kvm.events import ExceptionInjected

ENTRY, EXIT = 0x93FB, 0x33_6FFB          # as the template has them: IA-32e mode, IA32_EFER saved and loaded
L1, L2, HOST = 0x0606_0606_0606_0606, 0x0505_0505_0505_0505, 0x0404_0404_0404_0404


@pytest.mark.parametrize(("entry", "leaving", "in_l2", "saved", "after"), [
    (0, 0, L1, 0, 0), (ENTRY_LOAD_IA32_PAT, 0, L2, L2, 0), (0, EXIT_LOAD_IA32_PAT, L1, 0, HOST),
    (ENTRY_LOAD_IA32_PAT, EXIT_LOAD_IA32_PAT | EXIT_SAVE_IA32_PAT, L2, 0x1, HOST)])
def test_nested_transitions_load_it_where_vmcs12_says_so(entry: int, leaving: int, in_l2: int, saved: int, after: int) -> None:
    m = Machine().given_vmx().given_l2(
        MSR_BITMAP=0x9000, CPU_BASED_VM_EXEC_CONTROL=0x9400_6172 | 1 << 31, VM_ENTRY_CONTROLS=ENTRY | entry,
        VM_EXIT_CONTROLS=EXIT | leaving, GUEST_IA32_PAT=L2 if entry else 0, HOST_IA32_PAT=HOST)
    m.run(f"wrmsr IA32_PAT, {L1:#x}")
    m.enter()
    m.run("rdmsr IA32_PAT")
    assert m.cpu.rax == in_l2
    m.run("wrmsr IA32_PAT, 1", "vmcall", "rdmsr IA32_PAT")
    assert m.cpu.rax == (after or 1) and m.vmread("GUEST_IA32_PAT") == saved


def test_memory_types_are_checked() -> None:
    m = Machine()
    assert [event.vector for event in of(m.run("wrmsr IA32_PAT, 2", "rdmsr IA32_PAT"), ExceptionInjected)] == ["#GP"]
    assert m.cpu.rax == PAT_RESET


def test_the_processor_keeps_the_hosts() -> None:
    m = Machine().given_vmx().given_l2(VM_ENTRY_CONTROLS=ENTRY | ENTRY_LOAD_IA32_PAT, GUEST_IA32_PAT=L2)
    m.enter()
    assert m.vcpu.guest_mode and m.cpu.pat == PAT_RESET
