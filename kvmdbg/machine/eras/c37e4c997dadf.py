"""37e4c997dadf: a guest can set only the bits of IA32_FEATURE_CONTROL that its processor has."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("37e4c997dadf", order=20160621, first="v4.8", date="2016-06",
        subject="KVM: VMX: validate individual bits of guest MSR_IA32_FEATURE_CONTROL",
        touches=("vmx.c: vmx_set_msr()",))
class Without(Era):
    """Any value was taken."""

    def checks_feature_control_bits(self) -> bool:
        """No."""
        return False
