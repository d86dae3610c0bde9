"""Fields of the VMCS that is loaded, by encoding and by name."""

from __future__ import annotations

from kvm_support import Machine
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm.state import VMCS01, VMCS02
from kvmdbg.machine.kvm.vmx_ops import field, read, write


def test_field_finds_an_encoding() -> None:
    assert field("GUEST_CR3") == F.GUEST_CR3


def test_reads_and_writes_reach_the_vmcs_that_is_loaded() -> None:
    m = Machine().given_vmx().given_l2()
    assert (m.vcpu.loaded_vmcs, read(m.kvm, m.vcpu, F.VIRTUAL_PROCESSOR_ID)) == (VMCS01, 1)
    m.enter()
    assert (m.vcpu.loaded_vmcs, read(m.kvm, m.vcpu, F.VIRTUAL_PROCESSOR_ID)) == (VMCS02, 2)
    before = m.kvm.hw.vmcs[m.kvm.vmcs01(m.vcpu), F.EXCEPTION_BITMAP]
    write(m.kvm, m.vcpu, F.EXCEPTION_BITMAP, 0x4040)
    assert read(m.kvm, m.vcpu, F.EXCEPTION_BITMAP) == m.vmcs02(F.EXCEPTION_BITMAP) == 0x4040
    assert m.kvm.hw.vmcs[m.kvm.vmcs01(m.vcpu), F.EXCEPTION_BITMAP] == before != 0x4040
