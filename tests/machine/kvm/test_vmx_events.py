"""VM-entry fields, windows, immediate exits, and what a cancelled entry leaves."""

from __future__ import annotations

import pytest

from events_support import INJECTED, in_l2, launched, rounds, story
from kvm_support import V6_12, Machine, made, of
from kvmdbg.machine.hw.controls import BLOCKING_STI, INTR_INFO_VALID, PIN_PREEMPTION_TIMER
from kvmdbg.machine.hw.events import Taken
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.interrupts import raise_interrupt, raise_nmi
from kvmdbg.machine.kvm.events import InjectionTakenBack
from kvmdbg.machine.kvm.vcpu_events import NOT_INJECTED, Injected
from kvmdbg.machine.kvm.vmx_events import (
    BLOCKED,
    BUSY,
    nmi_masked,
    vmx_cancel_injection,
    vmx_enable_irq_window,
    vmx_enable_nmi_window,
    vmx_interrupt_allowed,
    vmx_nmi_allowed,
)
from kvmdbg.machine.kvm.vmx_ops import read, write


def running(name: str = V6_12) -> Machine:
    m = Machine(name)
    m.run("nop")
    return m


def test_cancelling_without_an_event_asks_for_nothing() -> None:
    m = running()
    start = m.kvm.tape.cursor
    vmx_cancel_injection(m.kvm, m.vcpu)
    assert made(m.since(start)) == []


@pytest.mark.parametrize(("info", "error", "length"), [(INJECTED, 0, 0), (0x8000_0B0D, 4, 0), (0x8000_0480, 0, 2)])
def test_what_would_have_been_injected_is_taken_back(info: int, error: int, length: int) -> None:
    m = running()
    for field, value in ((F.VM_ENTRY_INTR_INFO_FIELD, info), (F.VM_ENTRY_EXCEPTION_ERROR_CODE, error),
                         (F.VM_ENTRY_INSTRUCTION_LEN, length)):
        write(m.kvm, m.vcpu, field, value)
    start = m.kvm.tape.cursor
    vmx_cancel_injection(m.kvm, m.vcpu)
    events = m.since(start)
    assert (made(events), of(events, InjectionTakenBack)) == (["EVENT"], [InjectionTakenBack(0, info & 0xFF, info >> 8 & 7)])
    assert m.kvm.events(m.vcpu).injected == Injected(info, error, length)
    assert read(m.kvm, m.vcpu, F.VM_ENTRY_INTR_INFO_FIELD) == 0


def test_a_monitor_trap_that_vmcs12_injects_is_lost() -> None:
    m = running()
    write(m.kvm, m.vcpu, F.VM_ENTRY_INTR_INFO_FIELD, INTR_INFO_VALID | 7 << 8)
    vmx_cancel_injection(m.kvm, m.vcpu)
    assert m.kvm.events(m.vcpu).injected == NOT_INJECTED


@pytest.mark.parametrize(("name", "kept"), [("v3.2", True), ("v4.3", False)])
def test_who_keeps_what_l1_injects_into_l2(name: str, kept: bool) -> None:
    """5f3d5799974b."""
    m = launched(name, VM_ENTRY_INTR_INFO_FIELD=INJECTED)
    vmx_cancel_injection(m.kvm, m.vcpu)
    assert (read(m.kvm, m.vcpu, F.VM_ENTRY_INTR_INFO_FIELD) == INJECTED) == kept
    assert (m.kvm.events(m.vcpu).injected == NOT_INJECTED) == kept


@pytest.mark.parametrize(("name", "answer"), [("v3.2", BLOCKED), ("v4.15", BLOCKED), (V6_12, BUSY)])
def test_while_l2_must_be_entered_nothing_is_allowed(name: str, answer: str) -> None:
    m = launched(name)
    assert vmx_interrupt_allowed(m.kvm, m.vcpu) == answer
    if name != "v3.2":
        assert vmx_nmi_allowed(m.kvm, m.vcpu) == answer


def test_behind_sti_the_interrupt_window_serves_an_nmi() -> None:
    m = running()
    write(m.kvm, m.vcpu, F.GUEST_INTERRUPTIBILITY_INFO, BLOCKING_STI)
    assert not vmx_enable_nmi_window(m.kvm, m.vcpu)
    assert read(m.kvm, m.vcpu, F.CPU_BASED_VM_EXEC_CONTROL) >> 2 & 1
    assert not read(m.kvm, m.vcpu, F.CPU_BASED_VM_EXEC_CONTROL) >> 22 & 1


@pytest.mark.parametrize(("name", "window"), [("v3.2", False), ("v4.4", True), (V6_12, True)])
def test_whether_the_window_of_l2_serves_an_interrupt_for_l1(name: str, window: bool) -> None:
    """b6b8a1451fc4: what makes L2 exit is looked at elsewhere, and the window is for what is left over."""
    m = launched(name)
    vmx_enable_irq_window(m.kvm, m.vcpu)
    assert bool(read(m.kvm, m.vcpu, F.CPU_BASED_VM_EXEC_CONTROL) >> 2 & 1) == window


def test_an_nmi_that_is_being_handled_masks_the_next() -> None:
    m = running()
    assert not nmi_masked(m.kvm, m.vcpu)
    m.cpu.blocking = 8
    m.host("nmi")
    assert story(rounds(m)[1]) == ["exit 1"]
    assert nmi_masked(m.kvm, m.vcpu)
    m.cpu.blocking = 0
    assert story(rounds(m)[1]) == ["exit 8", "inject 0x2", "deliver 0x2"]
    assert m.stat("nmi_window_exits") == 1


def test_the_timer_is_off_again_after_an_immediate_exit() -> None:
    m = launched(V6_12, VM_ENTRY_INTR_INFO_FIELD=INJECTED)
    m.host("irq 0x20")
    m.step_to("handle_exit")
    assert m.vmcs02(F.PIN_BASED_VM_EXEC_CONTROL) & PIN_PREEMPTION_TIMER
    rounds(m)
    m.kvm.events(m.vcpu).irr = 0
    m.run("vmresume")
    assert not m.vmcs02(F.PIN_BASED_VM_EXEC_CONTROL) & PIN_PREEMPTION_TIMER


@pytest.mark.parametrize("name", ["v3.2", V6_12])
def test_the_hosts_own_interrupts_are_its_own(name: str) -> None:
    m = in_l2(name)
    raise_interrupt(m.kvm.hw, 0, 0x31)
    raise_nmi(m.kvm.hw, 0)
    events = rounds(m)[1]
    assert story(events) == ["exit 0"]
    assert [event.vector for event in of(events, Taken)] == [2, 0x31]
    assert m.vcpu.guest_mode
