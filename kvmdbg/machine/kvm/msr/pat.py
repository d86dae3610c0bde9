"""IA32_PAT of a guest: vcpu->arch.pat, which nested entry and exit load where vmcs12 says so (vmx.c, nested.c).

Memory types have no effect in the model, so it is not loaded into the processor.
"""

from __future__ import annotations

from kvmdbg.machine.hw.control_registers import pat_problem
from kvmdbg.machine.hw.controls import ENTRY_LOAD_IA32_PAT, EXIT_LOAD_IA32_PAT, EXIT_SAVE_IA32_PAT
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.msr.pat import IA32_PAT, PAT_RESET
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.machine.kvm.guest_msr import guest_msr, keep, kept
from kvmdbg.machine.kvm.state import Kvm, Vcpu


def get(kvm: Kvm, vcpu: Vcpu) -> int:
    return kept(kvm, vcpu, IA32_PAT, PAT_RESET)


def set_pat(kvm: Kvm, vcpu: Vcpu, value: int, host_initiated: bool) -> bool:
    """Of L2 it goes into vmcs12 at once, where a VM exit would save it."""
    if pat_problem(value):
        return False
    if vcpu.guest_mode and vmcs12.get(kvm, vcpu, F.VM_EXIT_CONTROLS) & EXIT_SAVE_IA32_PAT:
        vmcs12.put(kvm, vcpu, F.GUEST_IA32_PAT, value)
    keep(kvm, vcpu, IA32_PAT, value)
    return True


def prepare_vmcs02_pat(kvm: Kvm, vcpu: Vcpu) -> None:
    """Nested entry: L2's own, if L1 asks for it and L2 is to run; else it goes on with L1's."""
    if vcpu.nested_run_pending and vmcs12.get(kvm, vcpu, F.VM_ENTRY_CONTROLS) & ENTRY_LOAD_IA32_PAT:
        keep(kvm, vcpu, IA32_PAT, vmcs12.get(kvm, vcpu, F.GUEST_IA32_PAT))


def load_vmcs12_host_pat(kvm: Kvm, vcpu: Vcpu) -> None:
    """Nested exit: the one of vmcs12's host-state area, if L1 asks for it; else L1 goes on with L2's."""
    if vmcs12.get(kvm, vcpu, F.VM_EXIT_CONTROLS) & EXIT_LOAD_IA32_PAT:
        keep(kvm, vcpu, IA32_PAT, vmcs12.get(kvm, vcpu, F.HOST_IA32_PAT))


guest_msr(IA32_PAT, "IA32_PAT", source="vmx.c: vmx_set_msr(), MSR_IA32_CR_PAT", get=get, set=set_pat)
