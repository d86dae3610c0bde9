"""Virtual interrupts that L1 has the processor deliver to L2 (I-27)."""

from __future__ import annotations

import pytest

from events_support import IF, given_l2, rounds, story
from kvm_support import Machine, decided
from kvmdbg.machine.hw.controls import CPU_SECONDARY_CONTROLS, CPU_TPR_SHADOW, SEC_VIRTUAL_INTR_DELIVERY
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.machine.kvm.kvm_host import kvm_make_request

PAGE = 0x9000
SINCE = ("v4.3", "v4.4", "v4.15", "v5.8", "v5.16", "v6.12")
CAPS = {"virtual_interrupts": True}
LOOPS = "v6.12 -32f55e475ce2"


def given(name: str, caps: dict[str, bool] | None = None, **fields: int) -> Machine:
    """L1 is about to launch an L2 for which vector 0x31 is requested."""
    values = {"CPU_BASED_VM_EXEC_CONTROL": CPU_TPR_SHADOW | CPU_SECONDARY_CONTROLS, "VIRTUAL_APIC_PAGE_ADDR": PAGE,
              "SECONDARY_VM_EXEC_CONTROL": SEC_VIRTUAL_INTR_DELIVERY, "GUEST_INTR_STATUS": 0x31, "GUEST_RFLAGS": IF} | fields
    m = given_l2(name, {**CAPS, **(caps or {})}, **values)
    m.poke(PAGE + 0x210, 1 << 0x11)
    return m


def launch(m: Machine) -> list[str]:
    """L1's VMLAUNCH with KVM_REQ_EVENT pending, until nothing more happens."""
    m.program("vmlaunch")
    m.step_to("handle_exit")
    m.step()
    assert m.vcpu.guest_mode or m.vcpu.fail or m.vcpu.exit_to_user
    kvm_make_request(m.kvm, m.vcpu, "EVENT", "a test")
    return story(rounds(m)[1])


@pytest.mark.parametrize("name", SINCE)
def test_the_processor_delivers_and_the_status_goes_back_to_l1(name: str) -> None:
    m = given(name)
    assert launch(m) == ["deliver 0x31"]
    m.run("vmcall")
    assert not m.vcpu.guest_mode and vmcs12.get(m.kvm, m.vcpu, F.GUEST_INTR_STATUS) == 0


@pytest.mark.parametrize("name", SINCE)
def test_what_is_held_up_goes_back_to_l1_as_it_was(name: str) -> None:
    m = given(name, GUEST_RFLAGS=2)
    assert launch(m) == []
    m.run("vmcall")
    assert vmcs12.get(m.kvm, m.vcpu, F.GUEST_INTR_STATUS) == 0x31


@pytest.mark.parametrize("offered", [False, True])
def test_l1_is_offered_what_the_processor_can_do(offered: bool) -> None:
    m = given("v6.12", {"virtual_interrupts": offered})
    m.run("vmlaunch")
    assert m.vcpu.guest_mode is offered


def test_an_exit_at_once_for_each_entry() -> None:
    """I-27: the timer at 0 comes before the virtual interrupt, which never goes away."""
    m = given(LOOPS)
    assert set(launch(m)) == {"at once: preemption timer", "exit 52"} and m.vcpu.exit_to_user.startswith("no progress: 'VM entry'")


def test_an_exit_at_once_by_an_ipi_leaves_room_for_the_delivery() -> None:
    """An external interrupt comes after a virtual one: no endless loop without the preemption timer."""
    m = given(LOOPS, {"preemption_timer": False})
    assert "deliver 0x31" in launch(m) and not m.vcpu.exit_to_user


def test_the_fix_looks_and_leaves_it_to_the_processor() -> None:
    m = given("v6.12")
    start = m.kvm.tape.cursor
    launch(m)
    assert [answer for answer, _ in decided(m.since(start), "vmx_has_nested_events")] == ["no"]


@pytest.mark.parametrize(("name", "rflags", "wakes"), [
    ("v4.15", IF, False), ("e6c67d8cf117^", IF, False), ("e6c67d8cf117", IF, True), ("v5.8", IF, True), ("v6.12", IF, True),
    ("321ef62b0c5f^", 2, True), ("321ef62b0c5f", 2, False), ("v6.12", 2, False)])
def test_a_halted_l2_wakes(name: str, rflags: int, wakes: bool) -> None:
    """Before 321ef62b0c5f whatever L2's IF says, as L1 intercepts interrupts."""
    m = given(name, GUEST_ACTIVITY_STATE=1, GUEST_RFLAGS=rflags)
    launch(m)
    assert m.vcpu.guest_mode and (m.vcpu.mp_state == "RUNNABLE") is wakes
