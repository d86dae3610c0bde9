"""Vectors that L1 posts for L2: no exit to L1, whether L2 runs at that moment or not."""

from __future__ import annotations

import pytest

from events_support import rounds, story
from kvm_support import of
from kvmdbg.machine.hw.controls import PIN_POSTED_INTERRUPTS
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm.events import Decided
from kvmdbg.machine.kvm.nested_posted_interrupts import POSTED_INTR_NESTED_VECTOR
from posted_support import NOTIFICATION, VECTOR, post, posting

SINCE = ("v4.3", "v4.15", "v5.8", "v5.14", "v6.12")


@pytest.mark.parametrize("name", SINCE)
def test_an_l2_that_runs_gets_it_without_an_exit(name: str) -> None:
    m = posting(name)
    m.run("vmlaunch")
    assert post(m) == [f"deliver {VECTOR:#x}"]
    assert m.vcpu.guest_mode and m.cpu.vmx == "non-root" and not m.kvm.events(m.vcpu).irr
    assert m.vmcs02(F.POSTED_INTR_NV) == POSTED_INTR_NESTED_VECTOR


@pytest.mark.parametrize("name", SINCE)
def test_an_l2_that_is_to_be_entered_gets_it_with_the_entry(name: str) -> None:
    m = posting(name)
    m.program("vmlaunch")
    m.step_to("handle_exit")
    m.step()
    assert m.vcpu.guest_mode
    assert post(m) == [f"deliver {VECTOR:#x}"]


def test_what_l2_holds_up_goes_back_to_l1_as_its_status() -> None:
    m = posting("v6.12", GUEST_RFLAGS=2)
    m.run("vmlaunch")
    assert post(m) == []
    m.run("vmcall")
    assert m.vmread("GUEST_INTR_STATUS") == VECTOR


@pytest.mark.parametrize("vector", [NOTIFICATION + 1, 0x20])
def test_another_vector_is_an_exit_to_l1(vector: int) -> None:
    m = posting("v6.12")
    m.run("vmlaunch")
    m.host(f"irq {vector:#x}")
    assert "L1 sees 1" in story(rounds(m)[1]) and not m.vcpu.guest_mode


def test_the_notification_is_an_interrupt_of_l1_where_l2_is_not_active() -> None:
    m = posting("v6.12")
    m.host(f"irq {NOTIFICATION:#x}")
    assert m.kvm.events(m.vcpu).irr == 1 << NOTIFICATION


def test_a_descriptor_that_is_no_memory() -> None:
    m = posting("v6.12", POSTED_INTR_DESC_ADDR=0x4_0000_0040)
    start = m.kvm.tape.cursor
    m.run("vmlaunch")
    assert ("is vmcs12's POSTED_INTR_DESC_ADDR memory?", "no") in [
        (event.question, event.answer) for event in of(m.since(start), Decided) if event.function == "nested_get_vmcs12_pages"]
    assert m.vcpu.guest_mode and not m.vmcs02(F.PIN_BASED_VM_EXEC_CONTROL) & PIN_POSTED_INTERRUPTS
