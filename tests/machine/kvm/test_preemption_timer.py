"""vmcs12's preemption timer (E.8)."""

from __future__ import annotations

import pytest

from events_support import PIN, given_l2, in_l2, rounds, story
from kvm_support import V6_12, results
from kvmdbg.machine.hw.controls import EXIT_HOST_ADDR_SPACE_SIZE, EXIT_SAVE_PREEMPTION_TIMER, PIN_PREEMPTION_TIMER
from kvmdbg.machine.kvm.vcpu_events import NO_TIMER

TIMER = {"PIN_BASED_VM_EXEC_CONTROL": PIN | PIN_PREEMPTION_TIMER}
NEW = ("v4.3", "v4.15", "v5.8", V6_12)


@pytest.mark.parametrize("name", NEW)
def test_it_counts_instructions_of_l2(name: str) -> None:
    m = in_l2(name, **TIMER, VMX_PREEMPTION_TIMER_VALUE=3)
    assert story(m.run("nop", "nop")) == []
    assert story(m.run("nop"))[:2] == ["exit 1", "L1 sees 52"]
    assert m.kvm.events(m.vcpu).timer == NO_TIMER


@pytest.mark.parametrize("name", NEW)
def test_at_0_no_instruction_of_l2_is_executed(name: str) -> None:
    m = given_l2(name, **TIMER)
    said = story(m.run("vmlaunch"))
    assert said[1].startswith("at once") and "L1 sees 52" in said
    assert not m.vcpu.guest_mode


@pytest.mark.parametrize(("bits", "left"), [(0, 5), (EXIT_SAVE_PREEMPTION_TIMER, 3)])
def test_what_is_left(bits: int, left: int) -> None:
    m = in_l2(V6_12, **TIMER, VMX_PREEMPTION_TIMER_VALUE=5, VM_EXIT_CONTROLS=0x3_6DFF | EXIT_HOST_ADDR_SPACE_SIZE | bits)
    m.run("nop", "vmcall")
    assert m.vmread("VMX_PREEMPTION_TIMER_VALUE") == left


@pytest.mark.parametrize("name", NEW)
def test_it_goes_on_in_hlt(name: str) -> None:
    m = in_l2(name, **TIMER, VMX_PREEMPTION_TIMER_VALUE=9, CPU_BASED_VM_EXEC_CONTROL=1 << 31)
    assert story(m.run("hlt"))[:2] == ["exit 12", "L1 sees 52"]
    assert m.vmread("GUEST_ACTIVITY_STATE") == 1


def test_the_host_word() -> None:
    m = in_l2(V6_12, **TIMER, VMX_PREEMPTION_TIMER_VALUE=100)
    m.host("timer")
    assert story(rounds(m)[1])[:2] == ["exit 1", "L1 sees 52"]


def test_the_first_kernels_offer_none() -> None:
    assert results(given_l2("v3.2", **TIMER).run("vmlaunch")) == ["vmlaunch 7"]
