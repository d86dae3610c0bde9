"""Which event is due at a boundary, and what becomes of it (SDM Vol. 3C 25.2, 25.5; architecture.md E.6)."""

from __future__ import annotations

from itertools import combinations

import pytest

from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.controls import (
    BLOCKING_MOV_SS,
    BLOCKING_NMI,
    BLOCKING_STI,
    CPU_INTERRUPT_WINDOW_EXITING,
    CPU_NMI_WINDOW_EXITING,
    CPU_SECONDARY_CONTROLS,
    EXIT_ACK_INTR_ON_EXIT,
    EXIT_SAVE_PREEMPTION_TIMER,
    INTR_INFO_VALID,
    PIN_EXTERNAL_INTERRUPT_EXITING,
    PIN_NMI_EXITING,
    PIN_PREEMPTION_TIMER,
    PIN_VIRTUAL_NMIS,
    RFLAGS_IF,
)
from kvmdbg.machine.hw.events import Delivered, Faulted, Raised, Taken, VmExited
from kvmdbg.machine.hw.execute import EXITED, FAULTED
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.interrupts import attend, due, halted, highest, raise_interrupt, raise_nmi, take
from kvmdbg.machine.hw.state import VMX_ROOT, Cpu, Hardware
from support import events
from vmx import GOOD, GUEST_RIP, REGION, in_guest, in_root

PIN, CPU_BASED = F.PIN_BASED_VM_EXEC_CONTROL, F.CPU_BASED_VM_EXEC_CONTROL
EXTINT = {PIN: PIN_EXTERNAL_INTERRUPT_EXITING}
NMIS = {PIN: PIN_NMI_EXITING | PIN_VIRTUAL_NMIS}
INTERRUPT_WINDOW = {CPU_BASED: CPU_SECONDARY_CONTROLS | CPU_INTERRUPT_WINDOW_EXITING}
NMI_WINDOW = {**NMIS, CPU_BASED: CPU_SECONDARY_CONTROLS | CPU_NMI_WINDOW_EXITING}
TIMER_0 = {PIN: PIN_PREEMPTION_TIMER}
DEBUG = {F.GUEST_PENDING_DBG_EXCEPTIONS: 0x1002}
TRAP = {F.VM_ENTRY_INTR_INFO_FIELD: INTR_INFO_VALID | 7 << 8}
IF = {F.GUEST_RFLAGS: RFLAGS_IF | 2}
STI = {**IF, F.GUEST_INTERRUPTIBILITY_INFO: BLOCKING_STI}
MOV_SS = {**IF, F.GUEST_INTERRUPTIBILITY_INFO: BLOCKING_MOV_SS}
NMI_BLOCKED = {F.GUEST_INTERRUPTIBILITY_INFO: BLOCKING_NMI}
HLT = {F.GUEST_ACTIVITY_STATE: 1}


def boundary(changes: dict[int, int], vector: int = 0, nmi: bool = False) -> str:
    """The event that is due in a guest with these fields and what waits for its processor; "" for none."""
    hw, cpu = waiting(changes, vector, nmi)
    found = due(hw, cpu)
    return found.name if found is not None else ""


def waiting(changes: dict[int, int], vector: int = 0, nmi: bool = False) -> tuple[Hardware, Cpu]:
    hw, cpu = in_guest(changes)
    if vector:
        raise_interrupt(hw, 0, vector)
    if nmi:
        raise_nmi(hw, 0)
    return hw, cpu


@pytest.mark.parametrize(("changes", "vector", "nmi", "expected"), [
    ({}, 0, False, ""),
    (EXTINT, 0x20, False, "external interrupt"), ({**EXTINT, **STI}, 0x20, False, ""), ({**EXTINT, **MOV_SS}, 0x20, False, ""),
    ({}, 0x20, False, ""), (IF, 0x20, False, "external interrupt"), (STI, 0x20, False, ""),
    (INTERRUPT_WINDOW, 0, False, ""), ({**INTERRUPT_WINDOW, **IF}, 0, False, "interrupt window"),
    ({**INTERRUPT_WINDOW, **STI}, 0, False, ""), ({**INTERRUPT_WINDOW, **IF, **HLT}, 0, False, "interrupt window"),
    (NMIS, 0, True, "NMI"), ({**NMIS, **NMI_BLOCKED}, 0, True, "NMI"), (NMI_BLOCKED, 0, True, ""), (MOV_SS, 0, True, ""),
    (STI, 0, True, "NMI"), (NMI_WINDOW, 0, False, "NMI window"), ({**NMI_WINDOW, **NMI_BLOCKED}, 0, False, ""),
    ({**NMI_WINDOW, **HLT}, 0, False, "NMI window"), ({**NMI_WINDOW, **MOV_SS}, 0, False, ""),
    (TIMER_0, 0, False, "preemption timer"), ({**TIMER_0, F.VMX_PREEMPTION_TIMER_VALUE: 1}, 0, False, ""),
    ({**TIMER_0, **HLT, F.VMX_PREEMPTION_TIMER_VALUE: 9}, 0, False, "preemption timer"),
    ({**TIMER_0, **HLT, **IF, F.VMX_PREEMPTION_TIMER_VALUE: 9}, 0x20, False, "external interrupt"),
    (DEBUG, 0, False, "pending debug exception"), ({F.GUEST_PENDING_DBG_EXCEPTIONS: 2}, 0, False, ""),
    ({**DEBUG, **MOV_SS}, 0, False, ""), (TRAP, 0, False, "monitor trap"),
])
def test_what_is_due(changes: dict[int, int], vector: int, nmi: bool, expected: str) -> None:
    assert boundary(changes, vector, nmi) == expected


def test_the_order_of_priority() -> None:
    both = {CPU_BASED: CPU_SECONDARY_CONTROLS | CPU_INTERRUPT_WINDOW_EXITING | CPU_NMI_WINDOW_EXITING,
            PIN: PIN_NMI_EXITING | PIN_VIRTUAL_NMIS | PIN_EXTERNAL_INTERRUPT_EXITING | PIN_PREEMPTION_TIMER, **IF}
    no_timer = {**both, PIN: both[PIN] & ~PIN_PREEMPTION_TIMER}
    no_nmi_window = {**no_timer, CPU_BASED: both[CPU_BASED] & ~CPU_NMI_WINDOW_EXITING}
    found = [boundary({**both, **DEBUG, **TRAP}, 0x20, True), boundary({**both, **DEBUG}, 0x20, True), boundary(both, 0x20, True),
             boundary(no_timer, 0x20, True), boundary(no_nmi_window, 0x20, True), boundary(no_nmi_window, 0x20),
             boundary({**no_nmi_window, CPU_BASED: CPU_SECONDARY_CONTROLS}, 0x20)]
    assert found == ["monitor trap", "pending debug exception", "preemption timer", "NMI window", "NMI", "interrupt window",
                     "external interrupt"]


IN_ORDER = ("monitor trap", "pending debug exception", "preemption timer", "NMI window", "NMI", "interrupt window",
            "external interrupt")
ALONE = {
    "monitor trap": TRAP, "pending debug exception": DEBUG, "preemption timer": TIMER_0, "NMI window": NMI_WINDOW, "NMI": NMIS,
    "interrupt window": {**INTERRUPT_WINDOW, **IF}, "external interrupt": {**EXTINT, **IF}}


@pytest.mark.parametrize(("higher", "lower"), list(combinations(IN_ORDER, 2)))
@pytest.mark.parametrize("activity", [0, 1])
def test_of_two_events_the_higher_comes_first_awake_or_halted(higher: str, lower: str, activity: int) -> None:
    """Table 6-2 of Vol. 3A with 25.5.1, 25.5.2 and 26.7 of Vol. 3C, pair by pair."""
    one, other = ALONE[higher], ALONE[lower]
    changes = {field: one.get(field, 0) | other.get(field, 0) for field in {**one, **other}}
    assert boundary({**changes, F.GUEST_ACTIVITY_STATE: activity}, 0x20 * (lower == "external interrupt"),
                    "NMI" in (higher, lower)) == higher


@pytest.mark.parametrize(("blocking", "held"), [
    (BLOCKING_STI, ("interrupt window", "external interrupt")),
    (BLOCKING_MOV_SS, ("pending debug exception", "NMI window", "NMI", "interrupt window", "external interrupt")),
    (BLOCKING_NMI, ("NMI window",))])
def test_what_holds_an_event_up(blocking: int, held: tuple[str, ...]) -> None:
    """Virtual NMIs are on where NMIs are looked at: then blocking by NMI is not about the processor's own (24.6.1)."""
    state = {F.GUEST_INTERRUPTIBILITY_INFO: blocking, **(IF if blocking == BLOCKING_STI else {})}
    found = [name for name in IN_ORDER
             if not boundary({**ALONE[name], **state}, 0x20 * (name == "external interrupt"), name == "NMI")]
    assert tuple(found) == held


@pytest.mark.parametrize(("changes", "reason"), [
    (INTERRUPT_WINDOW | IF, 7), (NMI_WINDOW, 8), (TIMER_0, 52), (TRAP, 37), (EXTINT, 1), (NMIS, 0)])
def test_an_exit_before_the_first_instruction(changes: dict[int, int], reason: int) -> None:
    hw, cpu = waiting(changes, 0x20 if reason == 1 else 0, reason == 0)
    assert attend(hw, cpu) == EXITED
    assert events(hw, VmExited) == [VmExited(0, REGION, reason, 0)]
    assert (cpu.vmx, vmcs.read(hw, cpu, F.GUEST_RIP)) == (VMX_ROOT, GUEST_RIP)
    assert cpu.exit_insn.name == ""


def test_an_interrupt_that_exits_goes_on_waiting() -> None:
    hw, cpu = waiting(EXTINT, 0x20)
    attend(hw, cpu)
    assert (hw.pending[0].irr, vmcs.read(hw, cpu, F.VM_EXIT_INTR_INFO)) == (1 << 0x20, 0)
    take(hw, cpu)
    assert (hw.pending[0].irr, events(hw, Taken)) == (0, [Taken(0, 0x20, 0)])


def test_acknowledge_on_exit_reports_the_highest_vector() -> None:
    hw, cpu = waiting({**EXTINT, F.VM_EXIT_CONTROLS: GOOD[F.VM_EXIT_CONTROLS] | EXIT_ACK_INTR_ON_EXIT}, 0x20)
    raise_interrupt(hw, 0, 0xF1)
    attend(hw, cpu)
    assert (hw.pending[0].irr, vmcs.read(hw, cpu, F.VM_EXIT_INTR_INFO)) == (1 << 0x20, 0x8000_00F1)


def test_an_nmi_that_exits_is_gone() -> None:
    hw, cpu = waiting(NMIS, nmi=True)
    attend(hw, cpu)
    assert (hw.pending[0].nmi, vmcs.read(hw, cpu, F.VM_EXIT_INTR_INFO)) == (False, 0x8000_0202)


def test_without_exiting_the_guest_gets_it() -> None:
    hw, cpu = waiting({**IF, **HLT}, 0x20, nmi=True)
    assert halted(cpu)
    assert (attend(hw, cpu), attend(hw, cpu)) == (FAULTED, FAULTED)
    assert events(hw, Delivered) == [Delivered(0, 2, 2, 0), Delivered(0, 0x20, 0, 0)]
    assert (due(hw, cpu), cpu.activity) == (None, 0)


@pytest.mark.parametrize(("bitmap", "expected"), [(0, FAULTED), (2, EXITED)])
def test_a_pending_debug_exception(bitmap: int, expected: str) -> None:
    hw, cpu = in_guest({**DEBUG, F.EXCEPTION_BITMAP: bitmap})
    assert attend(hw, cpu) == expected
    assert hw.pending[0].debug == 0
    if bitmap:
        assert (vmcs.read(hw, cpu, F.VM_EXIT_INTR_INFO), vmcs.read(hw, cpu, F.EXIT_QUALIFICATION)) == (0x8000_0301, 2)
    else:
        assert events(hw, Faulted) == [Faulted(0, "#DB", 0, 2)]


def test_the_timer_of_a_halted_guest_runs_down() -> None:
    hw, cpu = in_guest({**TIMER_0, **HLT, F.VMX_PREEMPTION_TIMER_VALUE: 9,
                        F.VM_EXIT_CONTROLS: GOOD[F.VM_EXIT_CONTROLS] | EXIT_SAVE_PREEMPTION_TIMER})
    assert attend(hw, cpu) == EXITED
    assert (vmcs.read(hw, cpu, F.VMX_PREEMPTION_TIMER_VALUE), vmcs.read(hw, cpu, F.GUEST_ACTIVITY_STATE)) == (0, 1)


def test_the_host_takes_nmis_first_then_the_highest_vector() -> None:
    hw, cpu = in_root()
    raise_interrupt(hw, 0, 0x20)
    raise_interrupt(hw, 0, 0xF1)
    raise_nmi(hw, 0)
    assert due(hw, cpu) is None and not halted(cpu)
    take(hw, cpu)
    assert events(hw, Raised, Taken) == [Raised(0, 0x20, 0), Raised(0, 0xF1, 0), Raised(0, 2, 2), Taken(0, 2, 2),
                                         Taken(0, 0xF1, 0), Taken(0, 0x20, 0)]
    assert highest(hw.pending[0].irr) == -1
