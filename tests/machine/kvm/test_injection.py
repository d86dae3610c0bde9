"""Which event goes into an entry, and what is done about the others (B, E.8): the story of seed 002 on every kernel."""

from __future__ import annotations

import pytest

from events_support import ALL, INJECTED, given_l2, in_l2, interruptible, launched, rounds, story
from kvm_support import V6_12, Machine
from kvmdbg.machine.hw.controls import RFLAGS_IF
from kvmdbg.machine.kvm.kvm_host import kvm_make_request
from kvmdbg.machine.kvm.x86 import kvm_queue_exception


@pytest.mark.parametrize("name", ALL)
def test_an_interrupt_of_l1_is_injected(name: str) -> None:
    m = Machine(name)
    m.run("nop")
    interruptible(m)
    m.host("irq 0x20")
    assert story(rounds(m)[1]) == ["exit 1", "inject 0x20", "deliver 0x20"]
    assert m.stat("irq_injections") == 1


@pytest.mark.parametrize("name", ALL)
def test_with_if_0_it_waits_for_its_window(name: str) -> None:
    m = Machine(name)
    m.run("nop")
    m.host("irq 0x20")
    assert story(rounds(m)[1]) == ["exit 1"]
    m.cpu.rflags |= RFLAGS_IF
    assert story(rounds(m)[1]) == ["exit 7", "inject 0x20", "deliver 0x20"]
    assert m.stat("irq_window_exits") == 1


@pytest.mark.parametrize("name", ALL)
def test_the_highest_vector_comes_first(name: str) -> None:
    m = Machine(name)
    m.run("nop")
    interruptible(m)
    m.host("irq 0x20")
    m.host("irq 0xf1")
    said = story(rounds(m)[1])
    assert [word for word in said if word.startswith("deliver")] == ["deliver 0xf1", "deliver 0x20"]


@pytest.mark.parametrize("name", ALL)
def test_an_nmi_of_l1_is_injected(name: str) -> None:
    m = Machine(name)
    m.run("nop")
    m.host("nmi")
    assert story(rounds(m)[1]) == ["exit 1", "inject 0x2", "deliver 0x2"]
    assert m.stat("nmi_injections") == 1


STORIES = {
    "v3.1": ["deliver 0x80"],
    "v3.2": ["cancel", "at once: self-IPI", "deliver 0x80", "exit 1", "L1 sees 1", "cancel"],
    "v4.3": ["at once: self-IPI", "deliver 0x80", "exit 1", "L1 sees 1", "cancel"],
    "v4.15": ["at once: self-IPI", "deliver 0x80", "exit 1", "L1 sees 1"],
    "v5.7": ["at once: preemption timer", "deliver 0x80", "exit 52", "L1 sees 1"],
    "v5.8": ["at once: preemption timer", "deliver 0x80", "exit 52", "L1 sees 1"],
    "v6.12": ["at once: preemption timer", "deliver 0x80", "exit 52", "L1 sees 1", "cancel"],
}


@pytest.mark.parametrize("name", STORIES)
def test_an_interrupt_for_l1_while_l2_must_be_entered(name: str) -> None:
    """What L1 injects is delivered, and no instruction of L2 is executed before L1 has its interrupt."""
    m = launched(name, VM_ENTRY_INTR_INFO_FIELD=INJECTED)
    m.host("irq 0x20")
    assert story(rounds(m)[1]) == STORIES[name]
    assert m.vcpu.guest_mode == (name == "v3.1")


def test_without_the_commit_it_waits_for_an_exit_of_l2() -> None:
    m = launched("d6185f20a0ef^", VM_ENTRY_INTR_INFO_FIELD=INJECTED)
    m.host("irq 0x20")
    rounds(m)
    assert story(m.run("nop", "nop")) == []
    assert story(m.run("cpuid"))[:2] == ["exit 10", "L1 sees 10"]


@pytest.mark.parametrize("name", ["v5.7", "v6.12"])
def test_without_a_preemption_timer_the_ipi_is_still_there(name: str) -> None:
    m = launched(name, {"preemption_timer": False}, VM_ENTRY_INTR_INFO_FIELD=INJECTED)
    m.host("irq 0x20")
    assert story(rounds(m)[1])[:4] == ["at once: self-IPI", "deliver 0x80", "exit 1", "L1 sees 1"]


@pytest.mark.parametrize(("name", "events"), [("eeeb4f67a6cd", []), ("v5.10", ["L1 sees 1"])])
def test_event_lost_when_an_immediate_exit_is_cancelled(name: str, events: list[str]) -> None:
    """I-31: without an event in vmcs12 nothing asks again on the kernels before 8081ad06b68a."""
    m = launched(name)
    m.host("irq 0x20")
    m.step_to("vmenter")
    kvm_make_request(m.kvm, m.vcpu, "TLB_FLUSH", "another processor")
    assert story(m.step()[1]) == ["cancel"]
    lost = "EVENT" not in m.pending()
    said = story(rounds(m)[1])
    assert [word for word in said if word.startswith("L1")] == events
    assert (lost, m.vcpu.guest_mode) == (not events, not events)


def test_revert_brings_the_lost_event_back() -> None:
    m = launched("v5.10 -8081ad06b68a")
    m.host("irq 0x20")
    m.step_to("vmenter")
    kvm_make_request(m.kvm, m.vcpu, "TLB_FLUSH", "another processor")
    m.step()
    assert "EVENT" not in m.pending()


@pytest.mark.parametrize("name", ["v4.3", "v4.15", "v5.8", "v6.12"])
def test_an_nmi_makes_l2_exit(name: str) -> None:
    m = in_l2(name)
    m.host("nmi")
    assert story(rounds(m)[1])[:2] == ["exit 1", "L1 sees 0"]
    assert m.vmread("VM_EXIT_INTR_INFO") == 0x8000_0202


def test_the_first_kernels_lose_it() -> None:
    """Before ea8ceb8354e2: it counts as injected, and L1's next exit takes it for delivered."""
    m = in_l2("v3.2")
    m.host("nmi")
    assert story(rounds(m)[1]) == ["exit 1"]
    assert "deliver 0x2" not in story(m.run("vmcall", "cpuid"))
    assert m.kvm.events(m.vcpu).nmi_pending == 0


@pytest.mark.parametrize("name", ["v4.3", "v5.8", "v6.12"])
def test_an_l2_that_does_not_exit_gets_the_interrupt(name: str) -> None:
    m = in_l2(name, PIN_BASED_VM_EXEC_CONTROL=0x16)
    m.host("irq 0x20")
    assert story(rounds(m)[1]) == ["exit 1", "inject 0x20", "deliver 0x20"]
    assert m.vcpu.guest_mode


def test_a_second_event_makes_the_entry_exit_at_once() -> None:
    """c9d40913ac5a."""
    told = {}
    for name in ("v5.7", "v6.12"):
        m = Machine(name)
        m.run("nop")
        interruptible(m)
        m.program("cpuid")
        m.step_to("vcpu_enter_guest")
        kvm_queue_exception(m.kvm, m.vcpu, "#GP")
        m.host("irq 0x20")
        told[name] = story(rounds(m)[1])
    assert told == {"v5.7": ["inject 0xd", "deliver 0xd", "exit 7", "inject 0x20", "deliver 0x20"],
                    "v6.12": ["inject 0xd", "at once: preemption timer", "deliver 0xd", "exit 52", "inject 0x20", "deliver 0x20"]}


def test_a_cancelled_injection_is_made_again() -> None:
    for name in ("v3.2", "v4.15", V6_12):
        m = Machine(name)
        m.run("nop")
        interruptible(m)
        m.host("irq 0x20")
        m.step_to("vmenter")
        kvm_make_request(m.kvm, m.vcpu, "TLB_FLUSH", "another processor")
        assert story(m.step()[1]) == ["cancel"]
        assert story(rounds(m)[1]) == ["inject 0x20 again", "deliver 0x20"]


@pytest.mark.parametrize(("name", "says"), [("v4.15", []), ("v5.7", ["at once: preemption timer", "exit 52", "L1 sees 1"])])
def test_an_interrupt_that_waits_for_l1s_window_at_vmlaunch(name: str, says: list[str]) -> None:
    """b5861e5cf2fc: L1 has IF = 0, but with L2 active it may be taken."""
    m = given_l2(name)
    m.host("irq 0x20")
    rounds(m)
    m.program("vmlaunch")
    said = story(rounds(m)[1])
    assert said[:1] == ["exit 20"] and said[1:4] == says
