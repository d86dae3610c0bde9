"""host timer: vmcs12's preemption timer expires."""

from __future__ import annotations

from kvmdbg.errors import UserError
from kvmdbg.machine.kvm.host_event import host_event
from kvmdbg.machine.kvm.preemption_timer import vmx_preemption_timer_fn
from kvmdbg.machine.kvm.state import Kvm, Vcpu


@host_event("timer", source="nested.c: vmx_preemption_timer_fn()")
def happen(kvm: Kvm, vcpu: Vcpu) -> None:
    """The timer that stands for vmcs12's preemption timer expires now, however much of it is left."""
    if kvm.events(vcpu).timer <= 0:
        raise UserError(f"no preemption timer of vcpu{vcpu.id} runs",
                        "It runs while L2 does, if vmcs12 asks for it (PIN_BASED_VM_EXEC_CONTROL bit 6).")
    vmx_preemption_timer_fn(kvm, vcpu)
