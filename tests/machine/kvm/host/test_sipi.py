"""host sipi."""

from __future__ import annotations

import pytest

from events_support import given_l2, rounds, story
from kvm_support import Machine, of
from kvmdbg.errors import UserError
from kvmdbg.machine.kvm.events import NestedExited
from kvmdbg.machine.kvm.host.sipi import parse_vector

WAIT_FOR_SIPI = 3


def waiting(kernel: str) -> Machine:
    m = given_l2(kernel, GUEST_ACTIVITY_STATE=WAIT_FOR_SIPI)
    m.run("vmlaunch")
    return m


@pytest.mark.parametrize("kernel", ["bf0cd88ce363", "v5.13", "v6.12"])
def test_an_l2_that_waits_for_it_exits(kernel: str) -> None:
    m = waiting(kernel)
    assert (m.vcpu.guest_mode, m.vcpu.mp_state) == (True, "INIT_RECEIVED")
    m.host("init")
    assert m.vcpu.guest_mode, "INIT is nothing to it"
    events = m.host("sipi 0x10")
    assert [(event.reason, event.qualification) for event in of(events, NestedExited)] == [(4, 0x10)]
    rounds(m)
    assert m.vmread("GUEST_ACTIVITY_STATE") == WAIT_FOR_SIPI
    assert m.vcpu.mp_state == "RUNNABLE"


def test_an_nmi_does_not_wake_it() -> None:
    m = waiting("v6.12")
    m.host("nmi")
    assert story(rounds(m)[1]) == []
    assert m.vcpu.guest_mode


@pytest.mark.parametrize("kernel", ["v4.3", "v5.10"])
def test_before_v5_11_there_is_no_such_state(kernel: str) -> None:
    m = waiting(kernel)
    assert not m.vcpu.guest_mode


def test_whoever_does_not_wait_drops_it() -> None:
    m = Machine()
    m.run("nop")
    m.host("sipi 0x10")
    m.run("nop")
    assert m.vcpu.mp_state == "RUNNABLE"


def test_operands_and_old_kernels() -> None:
    assert [parse_vector(text) for text in ("0x10", "256", "x")] == [0x10, None, None]
    with pytest.raises(UserError):
        Machine("v3.1").host("sipi 1")
