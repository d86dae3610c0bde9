"""`vmcs12_eptp`: the EPT pointer of L1's VMCS after the step."""

from __future__ import annotations

from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.session.cases.fact import Observed, key, same_number
from kvmdbg.session.cases.model import Value


@key("vmcs12_eptp")
def vmcs12_eptp(observed: Observed, wanted: Value) -> str:
    """A number, or one of the EPTPs that `given` names."""
    return same_number(observed, vmcs12.get(observed.kvm, observed.vcpu, F.EPT_POINTER), wanted)
