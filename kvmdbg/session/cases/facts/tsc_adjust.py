"""`tsc_adjust`: IA32_TSC_ADJUST of the vCPU after the step, as a number or as a bound (`<= -(1 << 32)`)."""

from __future__ import annotations

from kvmdbg.machine.hw.msr.tsc import IA32_TSC_ADJUST
from kvmdbg.machine.kvm.vmx_msrs import kvm_get_msr
from kvmdbg.session.cases.fact import Observed, key, same_number
from kvmdbg.session.cases.facts.value import BOUND, within
from kvmdbg.session.cases.model import Value


@key("tsc_adjust")
def tsc_adjust(observed: Observed, wanted: Value) -> str:
    """One for L1 and L2: KVM keeps it by vCPU."""
    seen = kvm_get_msr(observed.kvm, observed.vcpu, IA32_TSC_ADJUST)
    if seen is None:
        return "this kernel's guests have no IA32_TSC_ADJUST"
    bound = BOUND.fullmatch(str(wanted))
    return within(observed, seen, bound) if bound else same_number(observed, seen, wanted)
