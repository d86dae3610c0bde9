"""What both transitions between L1 and L2 do: load CR3 with the root that goes with it, and flush (nested.c; kvm.md E.2, E.3).

Until v5.7 prepare_vmcs02() and load_vmcs12_host_state() flushed by themselves what nested_vmx_transition_tlb_flush() decides today.
The order of effects is that of each kernel; the division into functions is the newest one's.
"""

from __future__ import annotations

from kvmdbg.machine.hw.controls import SEC_VIRTUALIZE_APIC_ACCESSES
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm import mmu, vmcs12
from kvmdbg.machine.kvm.cr3 import set_cr3_until_v4_18
from kvmdbg.machine.kvm.events import Decided, FlushAsked
from kvmdbg.machine.kvm.kvm_host import kvm_make_request
from kvmdbg.machine.kvm.questions.nested import HOOK_VPID01, HOOK_VPID02, MAKE_REQUEST, NO_FLUSH, SYNC_VPID02, Transition
from kvmdbg.machine.kvm.state import Kvm, Vcpu
from kvmdbg.machine.kvm.vmx_control_registers import set_cr3
from kvmdbg.machine.kvm.vmx_flush import __vmx_flush_tlb, nested_cpu_has_vpid, nested_get_vpid02, vmx_flush_tlb, vpid_sync_context


def nested_vmx_load_cr3(kvm: Kvm, vcpu: Vcpu, cr3: int, nested_ept: bool) -> None:
    """CR3 of the level that is entered, and the root that goes with it.

    With nested EPT the root belongs to EPTP12, so a new CR3 needs none.  Before v4.19 CR3 was loaded as by MOV CR3,
    then all roots were thrown away (kvm_set_cr3(), kvm_mmu_reset_context()).
    """
    if kvm.era.unchanged_cr3_is_a_flush_at_transitions():
        set_cr3_until_v4_18(kvm, vcpu, cr3)
        mmu.kvm_mmu_reset_context(kvm, vcpu)
        return
    set_cr3(vcpu, cr3)
    if not nested_ept:
        mmu.kvm_init_mmu(kvm, vcpu)
        mmu.kvm_mmu_new_pgd(kvm, vcpu, cr3, *kvm.era.nested_switch_skips(kvm.config.enable_ept, nested_cpu_has_vpid(kvm, vcpu)))


def nested_vmx_transition_tlb_flush(kvm: Kvm, vcpu: Vcpu, entry: bool) -> None:
    """Flush, ask for a flush, or find that none is owed, as this kernel decides (E.2)."""
    vpid12 = vmcs12.get(kvm, vcpu, F.VIRTUAL_PROCESSOR_ID)
    flush = kvm.era.transition_flush(Transition(
        entry, kvm.config.enable_ept, kvm.config.enable_vpid, nested_cpu_has_vpid(kvm, vcpu), vpid12, vcpu.last_vpid, vcpu.vpid02,
        vmcs12.nested_cpu_has_ept(kvm, vcpu)))
    answer = {NO_FLUSH: "no", MAKE_REQUEST: f"yes: KVM_REQ_{flush.request}", HOOK_VPID01: f"yes: vpid01 {vcpu.vpid}",
              HOOK_VPID02: f"yes: vpid02 {nested_get_vpid02(vcpu)}",
              SYNC_VPID02: f"yes: vpid02 {nested_get_vpid02(vcpu)}"}[flush.act]
    kvm.emit(Decided, vcpu.id, flush.function, flush.question, answer, flush.values, flush.source)
    if flush.remember_vpid12:
        vcpu.last_vpid = vpid12
    by = "nested entry" if entry else "nested exit"
    if flush.act == MAKE_REQUEST:
        kvm_make_request(kvm, vcpu, flush.request, flush.function)
    elif flush.act == HOOK_VPID01:
        kvm.emit(FlushAsked, vcpu.id, by, "vmx_flush_tlb", f"vpid01 {vcpu.vpid}")
        vmx_flush_tlb(kvm, vcpu)
    elif flush.act == HOOK_VPID02:
        kvm.emit(FlushAsked, vcpu.id, by, "__vmx_flush_tlb", f"vpid02 {nested_get_vpid02(vcpu)}")
        __vmx_flush_tlb(kvm, vcpu, nested_get_vpid02(vcpu))
    elif flush.act == SYNC_VPID02:
        kvm.emit(FlushAsked, vcpu.id, by, "vpid_sync_context", f"vpid02 {nested_get_vpid02(vcpu)}")
        vpid_sync_context(kvm, vcpu, nested_get_vpid02(vcpu))


def flush_for_apic_access_page(kvm: Kvm, vcpu: Vcpu, by: str) -> None:
    """vmcs12's own APIC-access page under the EPTP that L1 runs with: from v4.12 to v5.4 a flush each way (I-21)."""
    virtualizes = vmcs12.nested_cpu_has2(kvm, vcpu, SEC_VIRTUALIZE_APIC_ACCESSES)
    reaches = kvm.config.enable_ept or not kvm.era.apic_access_flush_needs_ept()
    if reaches and kvm.era.apic_access_flushes_at_transitions(vmcs12.nested_cpu_has_ept(kvm, vcpu), virtualizes):
        kvm.emit(FlushAsked, vcpu.id, by, "vmx_flush_tlb", "the APIC-access address changes")
        vmx_flush_tlb(kvm, vcpu)
