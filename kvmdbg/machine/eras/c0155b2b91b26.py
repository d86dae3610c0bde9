"""0155b2b91b26: no flush at a nested transition because of an APIC-access page."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("0155b2b91b26", order=20191120, first="v5.5", date="2019-11",
        subject="KVM: nVMX: Remove unnecessary TLB flushes on L1<->L2 switches when L1 use apic-access-page",
        touches=("nested.c: prepare_vmcs02()", "nested.c: nested_vmx_vmexit()"), read="memory")
class Without(Era):
    """An L2 without EPT12 and with an APIC-access page of its own cost a flush at each entry and each exit."""

    def apic_access_flushes_at_transitions(self, nested_ept: bool, virtualizes: bool) -> bool:
        """Where L1 and L2 could share an EPTP."""
        return virtualizes and not nested_ept
