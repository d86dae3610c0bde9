"""What the processor delivers from the virtual-APIC page by itself (SDM Vol. 3C 29.1, 29.2)."""

from __future__ import annotations

import pytest

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.controls import (
    CPU_INTERRUPT_WINDOW_EXITING,
    CPU_SECONDARY_CONTROLS,
    CPU_TPR_SHADOW,
    PIN_EXTERNAL_INTERRUPT_EXITING,
    PIN_PREEMPTION_TIMER,
    RFLAGS_IF,
    SEC_VIRTUAL_INTR_DELIVERY,
    SEC_VIRTUALIZE_APIC_ACCESSES,
)
from kvmdbg.machine.hw.entry import vm_entry
from kvmdbg.machine.hw.events import Delivered
from kvmdbg.machine.hw.execute import FAULTED
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.interrupts import attend, due, raise_interrupt
from kvmdbg.machine.hw.memory import read64, write64
from kvmdbg.machine.hw.state import Caps, Cpu, Hardware
from support import events
from vmx import with_vmcs

PAGE = 0x6000
PRIMARY = CPU_TPR_SHADOW | CPU_SECONDARY_CONTROLS
CAPS = Caps(virtual_interrupts=True)
ON = {F.PIN_BASED_VM_EXEC_CONTROL: PIN_EXTERNAL_INTERRUPT_EXITING, F.CPU_BASED_VM_EXEC_CONTROL: PRIMARY,
      F.SECONDARY_VM_EXEC_CONTROL: SEC_VIRTUAL_INTR_DELIVERY, F.VIRTUAL_APIC_PAGE_ADDR: PAGE, F.GUEST_RFLAGS: RFLAGS_IF | 2}


def given(status: int, vtpr: int = 0, vectors: tuple[int, ...] = (), **changes: int) -> tuple[Hardware, Cpu]:
    """A guest that has just been entered.  status: SVI and RVI; vectors: those in VIRR."""
    fields = {getattr(F, name): value for name, value in changes.items()}
    hw, cpu = with_vmcs({**ON, F.GUEST_INTR_STATUS: status, **fields}, caps=CAPS)
    write64(hw, PAGE + 0x80, vtpr)
    for vector in vectors:
        address = PAGE + 0x200 + (vector >> 5) * 0x10
        write64(hw, address, read64(hw, address) | 1 << (vector & 31))
    assert vm_entry(hw, cpu, launch=True).entered
    return hw, cpu


def name(hw: Hardware, cpu: Cpu) -> str:
    found = due(hw, cpu)
    return found.name if found is not None else ""


@pytest.mark.parametrize(("status", "vtpr", "found"), [
    (0x31, 0, True), (0x31, 0x20, True), (0x31, 0x30, False), (0x0F, 0, False), (0, 0, False),
    (0x4131, 0, False), (0x2F31, 0, True), (0x2F31, 0x3F, False)])
def test_a_vector_above_the_processors_priority_is_recognized(status: int, vtpr: int, found: bool) -> None:
    """VPPR is VTPR or the class of what is in service (29.1.3)."""
    hw, cpu = given(status, vtpr)
    assert name(hw, cpu) == ("virtual interrupt" if found else "")


@pytest.mark.parametrize(("changes", "found"), [
    ({"GUEST_RFLAGS": 2}, ""), ({"GUEST_INTERRUPTIBILITY_INFO": 1}, ""),
    ({"CPU_BASED_VM_EXEC_CONTROL": PRIMARY | CPU_INTERRUPT_WINDOW_EXITING}, "interrupt window"),
    ({"PIN_BASED_VM_EXEC_CONTROL": PIN_EXTERNAL_INTERRUPT_EXITING | PIN_PREEMPTION_TIMER}, "preemption timer"),
    ({"GUEST_ACTIVITY_STATE": 1}, "virtual interrupt")])
def test_what_comes_first_or_holds_it_up(changes: dict[str, int], found: str) -> None:
    assert name(*given(0x31, **changes)) == found


def test_it_comes_before_an_external_interrupt() -> None:
    hw, cpu = given(0x31, vectors=(0x31,))
    raise_interrupt(hw, 0, 0x90)
    assert name(hw, cpu) == "virtual interrupt"
    attend(hw, cpu)
    assert name(hw, cpu) == "external interrupt"


def test_delivery_and_eoi_one_after_the_other() -> None:
    """29.2.2, 29.1.4: the highest vector, then what is left in VIRR, until the task priority holds it up."""
    hw, cpu = given(0x92, 0x30, vectors=(0x92, 0x51, 0x31))
    start = hw.tape.cursor
    while due(hw, cpu) is not None:
        assert attend(hw, cpu) == FAULTED
    assert [event.vector for event in events(hw, Delivered, start=start)] == [0x92, 0x51]
    assert vmcs.read(hw, cpu, F.GUEST_INTR_STATUS) == 0x31
    assert read64(hw, PAGE + 0xA0) == 0x30 and read64(hw, PAGE + 0x210) == 1 << 0x11 and read64(hw, PAGE + 0x140) == 0


def test_delivery_wakes_a_halted_guest() -> None:
    hw, cpu = given(0x31, GUEST_ACTIVITY_STATE=1)
    attend(hw, cpu)
    assert cpu.activity == 0


@pytest.mark.parametrize("changes", [
    {"EOI_EXIT_BITMAP1": 1}, {"SECONDARY_VM_EXEC_CONTROL": SEC_VIRTUAL_INTR_DELIVERY | SEC_VIRTUALIZE_APIC_ACCESSES}])
def test_what_is_not_modelled_is_refused(changes: dict[str, int]) -> None:
    with pytest.raises(Unsupported):
        given(0, **changes)


def test_without_the_control_the_status_means_nothing() -> None:
    hw, cpu = given(0x31, SECONDARY_VM_EXEC_CONTROL=0, EOI_EXIT_BITMAP1=1)
    assert name(hw, cpu) == ""
