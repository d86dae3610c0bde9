"""What waits before it is injected, and what wakes a halted vCPU."""

from __future__ import annotations

import pytest

from events_support import ALL, in_l2, interruptible, rounds, story
from kvm_support import V6_12, Machine, decided, made
from kvmdbg.machine.actions import why_idle
from kvmdbg.machine.kvm.interrupts import kvm_arch_vcpu_runnable, kvm_cpu_get_interrupt, kvm_cpu_has_interrupt, process_nmi


def test_vectors_are_acknowledged_highest_first() -> None:
    m = Machine()
    m.host("irq 0x20")
    m.host("irq 0xf1")
    taken = [kvm_cpu_get_interrupt(m.kvm, m.vcpu), kvm_cpu_get_interrupt(m.kvm, m.vcpu)]
    assert (taken, kvm_cpu_has_interrupt(m.kvm, m.vcpu)) == ([0xF1, 0x20], False)


@pytest.mark.parametrize(("name", "asks"), [("v3.1", ["EVENT"]), ("v3.2", ["NMI"]), (V6_12, ["NMI"])])
def test_an_nmi_comes_by_its_own_request(name: str, asks: list[str]) -> None:
    assert made(Machine(name).host("nmi")) == asks


def test_two_nmis_can_be_pending() -> None:
    m = Machine()
    m.run("nop")
    for _ in range(3):
        m.host("nmi")
    process_nmi(m.kvm, m.vcpu)
    assert (m.kvm.events(m.vcpu).nmi_pending, m.kvm.events(m.vcpu).nmi_queued) == (2, 0)


@pytest.mark.parametrize("name", ALL)
def test_hlt_lasts_until_an_interrupt(name: str) -> None:
    m = Machine(name)
    m.run("nop")
    interruptible(m)
    m.cpu.rflags |= 0x200
    m.run("hlt")
    assert not kvm_arch_vcpu_runnable(m.kvm, m.vcpu)
    assert why_idle(m.kvm, m.vcpu) == "it is halted until an event comes (`host irq`)"
    m.host("irq 0x20")
    names, events = rounds(m)
    assert names[0] == "kvm_vcpu_block"
    assert decided(events, "kvm_vcpu_check_block") == [("yes", "an event has come for its guest")]
    assert story(events) == ["inject 0x20", "deliver 0x20"]
    assert ("UNHALT" in made(events)) == (m.kvm.era.request_bits().get("UNHALT") is not None)


def test_an_interrupt_that_is_masked_wakes_nobody() -> None:
    m = Machine()
    m.run("hlt")
    m.host("irq 0x20")
    assert rounds(m)[0] == []


@pytest.mark.parametrize("name", ["v4.3", "v4.15", V6_12])
def test_a_halted_l2_exits_for_l1s_interrupt(name: str) -> None:
    m = in_l2(name, CPU_BASED_VM_EXEC_CONTROL=1 << 31)
    m.run("hlt")
    m.host("irq 0x20")
    assert story(rounds(m)[1])[:1] == ["L1 sees 1"]
    assert m.vmread("GUEST_ACTIVITY_STATE") == 1
