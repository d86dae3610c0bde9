"""The shadow vmcs12: when it is read and written back."""

from __future__ import annotations

import pytest

from kvm_support import SHADOW_VMCS, shadowing
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.machine.kvm.shadow_vmcs12 import get_shadow_vmcs12, nested_cpu_has_shadow_vmcs


def test_it_is_read_when_l2_is_entered_and_written_back_when_it_exits() -> None:
    m = shadowing()
    assert get_shadow_vmcs12(m.kvm, m.vcpu, vmcs12.REVISION) == vmcs12.VMCS12_REVISION | 1 << 31
    m.run("vmwrite TSC_OFFSET, 5")
    assert (get_shadow_vmcs12(m.kvm, m.vcpu, F.TSC_OFFSET), vmcs12.read_guest(m.kvm, SHADOW_VMCS, F.TSC_OFFSET)) == (5, 0)
    m.run("vmcall")
    assert vmcs12.read_guest(m.kvm, SHADOW_VMCS, F.TSC_OFFSET) == 5
    vmcs12.write_guest(m.kvm, SHADOW_VMCS, F.TSC_OFFSET, 6)
    m.run("vmresume")
    assert m.vmread("TSC_OFFSET") == 6


@pytest.mark.parametrize(("link", "has"), [(SHADOW_VMCS, True), (0xFFFF_FFFF_FFFF_FFFF, False)])
def test_whether_l2_has_one(link: int, has: bool) -> None:
    m = shadowing(link=link)
    assert nested_cpu_has_shadow_vmcs(m.kvm, m.vcpu) is has
