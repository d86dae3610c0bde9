"""kvm_x86_ops of kvm_intel: the vendor module as the common code sees it (vmx/main.c)."""

from __future__ import annotations

from kvmdbg.machine.hw.controls import EXIT_REASON_EXTERNAL_INTERRUPT
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm import (
    nested_events,
    nested_posted_interrupts,
    preemption_timer,
    virtual_interrupts,
    vmx,
    vmx_control_registers,
    vmx_events,
    vmx_exits,
    vmx_flush,
    vmx_ops,
)
from kvmdbg.machine.kvm.state import Kvm, Vcpu
from kvmdbg.machine.kvm.vcpu_events import PendingException


class VmxOps:
    """Every hook is one function of the vendor module."""

    def vcpu_load(self, kvm: Kvm, vcpu: Vcpu, cpu: int) -> None:
        vmx.vmx_vcpu_load_vmcs(kvm, vcpu, cpu)

    def flush_tlb_all(self, kvm: Kvm, vcpu: Vcpu) -> None:
        vmx_flush.vmx_flush_tlb_all(kvm, vcpu)

    def flush_tlb_current(self, kvm: Kvm, vcpu: Vcpu) -> None:
        vmx_flush.vmx_flush_tlb_current(kvm, vcpu)

    def flush_tlb_guest(self, kvm: Kvm, vcpu: Vcpu) -> None:
        vmx_flush.vmx_flush_tlb_guest(kvm, vcpu)

    def flush_tlb_gva(self, kvm: Kvm, vcpu: Vcpu, gva: int) -> None:
        vmx_flush.vmx_flush_tlb_gva(kvm, vcpu, gva)

    def load_mmu_pgd(self, kvm: Kvm, vcpu: Vcpu) -> None:
        vmx.vmx_load_mmu_pgd(kvm, vcpu)

    def inject_exception(self, kvm: Kvm, vcpu: Vcpu) -> None:
        vmx_events.vmx_inject_exception(kvm, vcpu)

    def is_exception_vmexit(self, kvm: Kvm, vcpu: Vcpu, exception: PendingException) -> bool:
        return vmx_events.nested_exit_on_exception(kvm, vcpu, exception)

    def triple_fault(self, kvm: Kvm, vcpu: Vcpu) -> None:
        nested_events.nested_vmx_triple_fault(kvm, vcpu)

    def inject_nmi(self, kvm: Kvm, vcpu: Vcpu) -> None:
        vmx_events.vmx_inject_nmi(kvm, vcpu)

    def inject_irq(self, kvm: Kvm, vcpu: Vcpu, vector: int) -> None:
        vmx_events.vmx_inject_irq(kvm, vcpu, vector)

    def reinject(self, kvm: Kvm, vcpu: Vcpu) -> None:
        vmx_events.reinject(kvm, vcpu)

    def nmi_masked(self, kvm: Kvm, vcpu: Vcpu) -> bool:
        return vmx_events.nmi_masked(kvm, vcpu)

    def nmi_allowed(self, kvm: Kvm, vcpu: Vcpu) -> str:
        return vmx_events.vmx_nmi_allowed(kvm, vcpu)

    def interrupt_allowed(self, kvm: Kvm, vcpu: Vcpu) -> str:
        return vmx_events.vmx_interrupt_allowed(kvm, vcpu)

    def interrupt_blocked(self, kvm: Kvm, vcpu: Vcpu) -> bool:
        return vmx_events.vmx_interrupt_blocked(kvm, vcpu)

    def enable_nmi_window(self, kvm: Kvm, vcpu: Vcpu) -> bool:
        return vmx_events.vmx_enable_nmi_window(kvm, vcpu)

    def enable_irq_window(self, kvm: Kvm, vcpu: Vcpu) -> bool:
        return vmx_events.vmx_enable_irq_window(kvm, vcpu)

    def check_nested_events(self, kvm: Kvm, vcpu: Vcpu) -> bool:
        return nested_events.vmx_check_nested_events(kvm, vcpu)

    def has_nested_events(self, kvm: Kvm, vcpu: Vcpu, for_injection: bool) -> bool:
        return nested_events.vmx_has_nested_events(kvm, vcpu, for_injection)

    def deliver_nested_posted_interrupt(self, kvm: Kvm, vcpu: Vcpu, vector: int) -> bool:
        return nested_posted_interrupts.vmx_deliver_nested_posted_interrupt(kvm, vcpu, vector)

    def guest_apic_has_interrupt(self, kvm: Kvm, vcpu: Vcpu) -> bool:
        return virtual_interrupts.vmx_guest_apic_has_interrupt(kvm, vcpu)

    def request_immediate_exit(self, kvm: Kvm, vcpu: Vcpu) -> None:
        vmx_events.vmx_request_immediate_exit(kvm, vcpu)

    def nested_tick(self, kvm: Kvm, vcpu: Vcpu) -> None:
        preemption_timer.nested_tick(kvm, vcpu)

    def cancel_injection(self, kvm: Kvm, vcpu: Vcpu) -> None:
        vmx_events.vmx_cancel_injection(kvm, vcpu)

    def vcpu_run(self, kvm: Kvm, vcpu: Vcpu) -> bool:
        if not kvm.events(vcpu).immediate_exit:
            vmx_events.vmx_update_hv_timer(kvm, vcpu, armed=False)
        return vmx.vmx_vcpu_run(kvm, vcpu)

    def vcpu_after_exit(self, kvm: Kvm, vcpu: Vcpu) -> None:
        vmx.vmx_vcpu_after_exit(kvm, vcpu)
        vmx_events.vmx_recover_nmi_blocking(kvm, vcpu)
        vmx_events.vmx_complete_interrupts(kvm, vcpu)
        vmx_events.vmx_handle_exit_irqoff(kvm, vcpu)

    def exit_was_between_instructions(self, kvm: Kvm, vcpu: Vcpu) -> bool:
        return vmx_ops.read(kvm, vcpu, F.VM_EXIT_REASON) == EXIT_REASON_EXTERNAL_INTERRUPT

    def exit_during_delivery(self, kvm: Kvm, vcpu: Vcpu) -> bool:
        return vmx_events.is_queued(vmx_ops.read(kvm, vcpu, F.IDT_VECTORING_INFO_FIELD))

    def handle_exit(self, kvm: Kvm, vcpu: Vcpu) -> bool:
        return vmx_exits.vmx_handle_exit(kvm, vcpu)

    def skip_emulated_instruction(self, kvm: Kvm, vcpu: Vcpu) -> None:
        vmx.skip_emulated_instruction(kvm, vcpu)

    def read_cr3(self, kvm: Kvm, vcpu: Vcpu) -> int:
        return vmx_control_registers.kvm_read_cr3(kvm, vcpu)

    def read_cr0(self, kvm: Kvm, vcpu: Vcpu) -> int:
        return vmx_control_registers.kvm_read_cr0(kvm, vcpu)

    def read_cr4(self, kvm: Kvm, vcpu: Vcpu) -> int:
        return vmx_control_registers.kvm_read_cr4(kvm, vcpu)

    def set_cr0(self, kvm: Kvm, vcpu: Vcpu, cr0: int) -> None:
        vmx_control_registers.vmx_set_cr0(kvm, vcpu, cr0)

    def set_cr4(self, kvm: Kvm, vcpu: Vcpu, cr4: int) -> None:
        vmx_control_registers.vmx_set_cr4(kvm, vcpu, cr4)

    def set_efer(self, kvm: Kvm, vcpu: Vcpu, efer: int) -> None:
        vmx_control_registers.vmx_set_efer(kvm, vcpu, efer)
