"""The VMX capability MSRs of L1's virtual processor: what vmcs12 is checked against (nested.c: vmx_get_vmx_msr())."""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw.capabilities import IA32_VMX_VMCS_ENUM, NUMBERS, WITHOUT_TRUE, vmx_msrs
from kvmdbg.machine.hw.fields import FIELDS, F
from kvmdbg.machine.hw.msr.feature_control import IA32_FEATURE_CONTROL
from kvmdbg.machine.kvm.guest_msr import Getter, guest_msr, refuse
from kvmdbg.machine.kvm.nested_checks import nested_caps
from kvmdbg.machine.kvm.state import Kvm, Vcpu
from kvmdbg.machine.kvm.vmcs12 import VMCS12_REVISION

INDEX: Final = 0x3FE                  # bits of an encoding


def vmx_get_vmx_msr(number: int) -> Getter:
    """The same for L1 and L2, as a vCPU has one set of them; a guest that is offered no VMX has none.

    An L1 that is told of no TRUE MSRs reads them nevertheless, as those without TRUE in their name.
    """
    def get(kvm: Kvm, vcpu: Vcpu) -> int | None:
        if not kvm.config.nested:
            return None
        if number == IA32_VMX_VMCS_ENUM:
            return nested_vmx_calc_vmcs_enum_msr(kvm)
        asked = number if kvm.era.offers_true_controls_to_l1() else WITHOUT_TRUE.get(number, number)
        return vmx_msrs(nested_caps(kvm), VMCS12_REVISION).get(asked)
    return get


def nested_vmx_calc_vmcs_enum_msr(kvm: Kvm) -> int:
    """The highest index of a field of vmcs12, in bits 9:1."""
    last = max(encoding & INDEX for encoding in FIELDS if kvm.era.vmcs12_has(encoding))
    return last if kvm.era.computes_the_highest_index() else F.VMX_PREEMPTION_TIMER_VALUE & INDEX


for name, number in NUMBERS.items():
    if number != IA32_FEATURE_CONTROL:
        guest_msr(number, name, source="nested.c: vmx_get_vmx_msr()", get=vmx_get_vmx_msr(number), set=refuse)
