"""Posted interrupts: one notification, no VM exit (SDM Vol. 3C 29.6)."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.controls import (
    CPU_SECONDARY_CONTROLS,
    CPU_TPR_SHADOW,
    EXIT_ACK_INTR_ON_EXIT,
    PIN_EXTERNAL_INTERRUPT_EXITING,
    PIN_POSTED_INTERRUPTS,
    RFLAGS_IF,
    SEC_VIRTUAL_INTR_DELIVERY,
)
from kvmdbg.machine.hw.entry import vm_entry
from kvmdbg.machine.hw.events import Delivered, Posted, VmExited
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.interrupts import attend, due, raise_interrupt
from kvmdbg.machine.hw.memory import read64, write64
from kvmdbg.machine.hw.state import Caps, Cpu, Hardware
from support import events
from vmx import GOOD, with_vmcs

PAGE, DESCRIPTOR, NOTIFICATION = 0x6000, 0x7040, 0xE0


def given(pir: dict[int, int], status: int = 0, flags: int = RFLAGS_IF | 2, posts: bool = True) -> tuple[Hardware, Cpu]:
    """A guest that runs, with these words in its descriptor and a notification outstanding."""
    pin = PIN_EXTERNAL_INTERRUPT_EXITING | (PIN_POSTED_INTERRUPTS if posts else 0)
    hw, cpu = with_vmcs({
        F.PIN_BASED_VM_EXEC_CONTROL: pin, F.CPU_BASED_VM_EXEC_CONTROL: CPU_TPR_SHADOW | CPU_SECONDARY_CONTROLS,
        F.SECONDARY_VM_EXEC_CONTROL: SEC_VIRTUAL_INTR_DELIVERY, F.VIRTUAL_APIC_PAGE_ADDR: PAGE, F.GUEST_RFLAGS: flags,
        F.VM_EXIT_CONTROLS: GOOD[F.VM_EXIT_CONTROLS] | EXIT_ACK_INTR_ON_EXIT, F.POSTED_INTR_NV: NOTIFICATION,
        F.POSTED_INTR_DESC_ADDR: DESCRIPTOR, F.GUEST_INTR_STATUS: status}, Caps(virtual_interrupts=True, posted_interrupts=True))
    for i, word in pir.items():
        write64(hw, DESCRIPTOR + 8 * i, word)
    write64(hw, DESCRIPTOR + 0x20, 3)
    assert vm_entry(hw, cpu, launch=True).entered
    return hw, cpu


def notified(hw: Hardware, cpu: Cpu, vector: int = NOTIFICATION) -> list[object]:
    raise_interrupt(hw, cpu.id, vector)
    start = hw.tape.cursor
    while due(hw, cpu):
        attend(hw, cpu)
    return events(hw, Posted, Delivered, VmExited, start=start)


def test_what_is_posted_is_delivered_one_after_the_other_without_an_exit() -> None:
    hw, cpu = given({0: 1 << 0x31, 2: 1 << (0x91 - 128)})
    seen = notified(hw, cpu)
    assert seen == [Posted(cpu.id, (0x31, 0x91)), Delivered(cpu.id, 0x91, 0, 0), Delivered(cpu.id, 0x31, 0, 0)]
    assert [read64(hw, DESCRIPTOR + 8 * i) for i in range(5)] == [0, 0, 0, 0, 2]          # ON is clear, SN is not its affair
    assert not hw.pending[cpu.id].irr


def test_what_the_guest_holds_up_stays_pending() -> None:
    hw, cpu = given({0: 1 << 0x31}, flags=2)
    assert notified(hw, cpu) == [Posted(cpu.id, (0x31,))]
    assert vmcs.read(hw, cpu, F.GUEST_INTR_STATUS) == 0x31 and read64(hw, PAGE + 0x210) == 1 << 0x11


def test_a_higher_vector_that_is_pending_stays_the_requested_one() -> None:
    hw, cpu = given({0: 1 << 0x31}, status=0x41, flags=2)
    notified(hw, cpu)
    assert vmcs.read(hw, cpu, F.GUEST_INTR_STATUS) == 0x41


def test_a_notification_of_nothing_does_nothing() -> None:
    hw, cpu = given({})
    assert notified(hw, cpu) == [Posted(cpu.id, ())]


@pytest.mark.parametrize(("posts", "vector"), [(True, 0xE1), (True, 0x20), (False, NOTIFICATION)])
def test_any_other_interrupt_is_a_vm_exit(posts: bool, vector: int) -> None:
    hw, cpu = given({0: 1 << 0x31}, posts=posts)
    (left,) = notified(hw, cpu, vector)
    assert isinstance(left, VmExited) and left.reason == 1
    assert vmcs.read(hw, cpu, F.VM_EXIT_INTR_INFO) & 0xFF == vector and read64(hw, DESCRIPTOR) == 1 << 0x31
