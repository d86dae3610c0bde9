"""850448f35aaf: vmcs12's preemption timer goes along with the nested state."""

from __future__ import annotations

import pytest

from events_support import PIN, in_l2
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.hw.controls import PIN_PREEMPTION_TIMER


def test_before_and_after() -> None:
    answers = [kernel(name).timer_goes_along_with_nested_state() for name in ("850448f35aaf^", "850448f35aaf", "v6.12")]
    assert answers == [False, True, True]


@pytest.mark.parametrize(("name", "left"), [("v5.7", 10), ("v5.8", 7), ("v6.12", 7)])
def test_a_restored_l2(name: str, left: int) -> None:
    """vmx_preemption_timer_test.c of the selftests."""
    m = in_l2(name, PIN_BASED_VM_EXEC_CONTROL=PIN | PIN_PREEMPTION_TIMER, VMX_PREEMPTION_TIMER_VALUE=10)
    m.run("nop", "nop", "nop")
    m.host("save")
    assert m.kvm.events(m.vcpu).timer == 7, "to be read does not stop it"
    m.host("restore")
    assert m.kvm.events(m.vcpu).timer == left
    for _ in range(left):
        assert m.vcpu.guest_mode
        m.run("nop")
    assert (m.vcpu.guest_mode, m.vmread("VM_EXIT_REASON")) == (False, 52)


def test_one_that_has_expired_expires_again() -> None:
    m = in_l2("v6.12", PIN_BASED_VM_EXEC_CONTROL=PIN | PIN_PREEMPTION_TIMER, VMX_PREEMPTION_TIMER_VALUE=10)
    m.host("save")
    m.vcpu.saved_state = m.vcpu.saved_state._replace(nested=m.vcpu.saved_state.nested._replace(timer=0))
    m.host("restore")
    m.run("nop")
    assert m.vmread("VM_EXIT_REASON") == 52
