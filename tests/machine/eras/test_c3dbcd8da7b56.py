"""3dbcd8da7b56: L1 has the TRUE capability MSRs."""

from __future__ import annotations

import pytest

from kvm_support import Machine
from kvmdbg.machine.hw.capabilities import (
    IA32_VMX_BASIC,
    IA32_VMX_PROCBASED_CTLS,
    IA32_VMX_TRUE_PROCBASED_CTLS,
)
from kvmdbg.machine.kvm.vmx_msrs import kvm_get_msr

BEFORE, AFTER = "3dbcd8da7b56^", "3dbcd8da7b56"


@pytest.mark.parametrize(("name", "has"), [(BEFORE, False), (AFTER, True)])
def test_bit_55_of_vmx_basic(name: str, has: bool) -> None:
    m = Machine(name)
    assert bool((kvm_get_msr(m.kvm, m.vcpu, IA32_VMX_BASIC) or 0) >> 55 & 1) == has


def test_before_it_the_true_msrs_read_as_the_others() -> None:
    m = Machine(BEFORE)
    true, old = (kvm_get_msr(m.kvm, m.vcpu, number) for number in (IA32_VMX_TRUE_PROCBASED_CTLS, IA32_VMX_PROCBASED_CTLS))
    assert true == old and true is not None
