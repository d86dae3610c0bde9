"""77b0f5d67ff2: L1 can have an interrupt acknowledged by L2's exit."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("77b0f5d67ff2", order=20140801, first="v3.17", date="2014-08",
        subject="KVM: nVMX: Ack and write vector info to intr_info if L1 asks us to",
        touches=("vmx.c: nested_vmx_vmexit()",), needs=("b6b8a1451fc4",), read="memory")
class Without(Era):
    """The interrupt stayed in L1's APIC, and vmcs12 had no vector."""

    def acknowledges_interrupts_for_l1(self) -> bool:
        """No."""
        return False
