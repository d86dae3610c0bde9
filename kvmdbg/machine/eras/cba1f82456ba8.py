"""ba1f82456ba8: IA32_VMX_VMCS_ENUM of L1 is worked out."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("ba1f82456ba8", order=20210808, first="v5.15", date="2021-08",
        subject="KVM: nVMX: Dynamically compute max VMCS index for vmcs12",
        touches=("nested.c: nested_vmx_calc_vmcs_enum_msr()",))
class Without(Era):
    """It was the index of the preemption timer's value, whatever vmcs12 had."""

    def computes_the_highest_index(self) -> bool:
        """No."""
        return False
