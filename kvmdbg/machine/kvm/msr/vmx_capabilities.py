"""The VMX capability MSRs of L1's virtual processor: what vmcs12 is checked against (nested.c: vmx_get_vmx_msr())."""

from __future__ import annotations

from kvmdbg.machine.hw.capabilities import NUMBERS, WITHOUT_TRUE, vmx_msrs
from kvmdbg.machine.hw.msr.feature_control import IA32_FEATURE_CONTROL
from kvmdbg.machine.kvm.guest_msr import Getter, guest_msr, refuse
from kvmdbg.machine.kvm.nested_checks import nested_caps
from kvmdbg.machine.kvm.state import Kvm, Vcpu
from kvmdbg.machine.kvm.vmcs12 import VMCS12_REVISION


def vmx_get_vmx_msr(number: int) -> Getter:
    """The same for L1 and L2, as a vCPU has one set of them; a guest that is offered no VMX has none.

    An L1 that is told of no TRUE MSRs reads them nevertheless, as those without TRUE in their name.
    """
    def get(kvm: Kvm, vcpu: Vcpu) -> int | None:
        if not kvm.config.nested:
            return None
        asked = number if kvm.era.offers_true_controls_to_l1() else WITHOUT_TRUE.get(number, number)
        return vmx_msrs(nested_caps(kvm), VMCS12_REVISION).get(asked)
    return get


for name, number in NUMBERS.items():
    if number != IA32_FEATURE_CONTROL:
        guest_msr(number, name, source="nested.c: vmx_get_vmx_msr()", get=vmx_get_vmx_msr(number), set=refuse)
