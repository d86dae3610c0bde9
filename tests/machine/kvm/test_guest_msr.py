"""How registers of guests are declared."""

from __future__ import annotations

import pytest

from kvm_support import Machine
from kvmdbg.errors import ModelBug
from kvmdbg.machine.kvm.guest_msr import guest_msr, keep, kept, refuse
from kvmdbg.machine.kvm.vmx_msrs import BY_NUMBER


def test_every_register_has_a_source_and_one_number() -> None:
    assert all(register.source and register.number == number for number, register in BY_NUMBER.items())


def test_a_name_declared_twice_is_our_mistake() -> None:
    with pytest.raises(ModelBug):
        guest_msr(1, "IA32_PAT", source="x86.c", get=lambda kvm, vcpu: 0, set=refuse)


def test_what_kvm_keeps_has_its_reset_value_until_it_is_written() -> None:
    m = Machine()
    assert kept(m.kvm, m.vcpu, 0x1234, 9) == 9
    keep(m.kvm, m.vcpu, 0x1234, 1)
    assert kept(m.kvm, m.vcpu, 0x1234, 9) == 1 and not refuse(m.kvm, m.vcpu, 1, True)
