"""d6185f20a0ef: KVM_REQ_IMMEDIATE_EXIT. The commit of seed 002."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.questions.injection import WAIT


@commit("d6185f20a0ef", order=20110922, first="v3.2", date="2011-09",
        subject="KVM: nVMX: Add KVM_REQ_IMMEDIATE_EXIT", touches=("x86.c: vcpu_enter_guest()", "vmx.c: enable_irq_window()"))
class Without(Era):
    """L1's interrupt could wait for as long as L2 ran."""

    def interrupt_behind_a_pending_run(self) -> str:
        """enable_irq_window() did nothing: L1 got its interrupt when L2 exited by itself."""
        return WAIT

    def request_bits(self) -> dict[str, int]:
        """Bit 15 is free."""
        return {name: bit for name, bit in super().request_bits().items() if name != "IMMEDIATE_EXIT"}

    def service_order(self) -> tuple[str, ...]:
        """Without it."""
        return tuple(name for name in super().service_order() if name != "IMMEDIATE_EXIT")
