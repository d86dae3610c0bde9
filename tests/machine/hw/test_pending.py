"""What VM entry, instructions and VM exit do to pending events."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.controls import (
    BLOCKING_MOV_SS,
    CPU_MONITOR_TRAP_FLAG,
    CPU_SECONDARY_CONTROLS,
    EXIT_SAVE_PREEMPTION_TIMER,
    INTR_INFO_VALID,
    PIN_PREEMPTION_TIMER,
)
from kvmdbg.machine.hw.execute import execute
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.instructions import parse_insn
from kvmdbg.machine.hw.state import NO_TIMER
from vmx import GOOD, in_guest

TIMER = {F.PIN_BASED_VM_EXEC_CONTROL: PIN_PREEMPTION_TIMER, F.VMX_PREEMPTION_TIMER_VALUE: 5}
SAVES = {F.VM_EXIT_CONTROLS: GOOD[F.VM_EXIT_CONTROLS] | EXIT_SAVE_PREEMPTION_TIMER}
TRAP = {F.CPU_BASED_VM_EXEC_CONTROL: CPU_MONITOR_TRAP_FLAG | CPU_SECONDARY_CONTROLS}
INJECTED_DB = INTR_INFO_VALID | 3 << 8 | 1
INJECTED_INT = INTR_INFO_VALID | 4 << 8 | 0x80
INJECTED_TRAP = INTR_INFO_VALID | 7 << 8


def test_without_the_control_no_timer_counts() -> None:
    hw, cpu = in_guest({F.VMX_PREEMPTION_TIMER_VALUE: 5})
    execute(hw, cpu, parse_insn("nop"))
    assert hw.pending[0].timer == NO_TIMER


@pytest.mark.parametrize(("text", "left"), [("nop", 4), ("load 0x800000000000", 4)])
def test_the_timer_counts_instructions_and_faults(text: str, left: int) -> None:
    hw, cpu = in_guest(TIMER)
    execute(hw, cpu, parse_insn(text))
    assert hw.pending[0].timer == left


@pytest.mark.parametrize(("changes", "value"), [({}, 5), (SAVES, 3)])
def test_the_timer_is_saved_where_the_control_says_so(changes: dict[int, int], value: int) -> None:
    hw, cpu = in_guest({**TIMER, **changes})
    execute(hw, cpu, parse_insn("nop"))
    execute(hw, cpu, parse_insn("cpuid"))
    assert (hw.pending[0].timer, vmcs.read(hw, cpu, F.VMX_PREEMPTION_TIMER_VALUE)) == (NO_TIMER, value)


def test_the_timer_stays_at_0() -> None:
    hw, cpu = in_guest({**TIMER, F.VMX_PREEMPTION_TIMER_VALUE: 0})
    execute(hw, cpu, parse_insn("nop"))
    assert hw.pending[0].timer == 0


def test_the_monitor_trap_is_due_after_one_instruction_or_delivery() -> None:
    hw, cpu = in_guest(TRAP)
    assert not hw.pending[0].mtf
    execute(hw, cpu, parse_insn("nop"))
    assert hw.pending[0].mtf
    hw, cpu = in_guest({**TRAP, F.VM_ENTRY_INTR_INFO_FIELD: INJECTED_DB})
    assert hw.pending[0].mtf


def test_an_injected_monitor_trap_needs_no_control() -> None:
    hw, cpu = in_guest({F.VM_ENTRY_INTR_INFO_FIELD: INJECTED_TRAP})
    assert hw.pending[0].mtf


def test_another_exit_drops_the_monitor_trap() -> None:
    hw, cpu = in_guest({F.VM_ENTRY_INTR_INFO_FIELD: INJECTED_TRAP})
    execute(hw, cpu, parse_insn("cpuid"))
    assert not hw.pending[0].mtf


@pytest.mark.parametrize(("event", "blocking", "left"), [
    (0, 0, 0x1002), (INJECTED_DB, 0, 0), (INJECTED_TRAP, 0, 0x1002), (INJECTED_INT, 0, 0), (INJECTED_INT, BLOCKING_MOV_SS, 0x1002)])
def test_an_injected_event_takes_the_place_of_debug_exceptions(event: int, blocking: int, left: int) -> None:
    hw, cpu = in_guest({F.GUEST_PENDING_DBG_EXCEPTIONS: 0x1002, F.VM_ENTRY_INTR_INFO_FIELD: event, F.VM_ENTRY_INSTRUCTION_LEN: 2,
                        F.GUEST_INTERRUPTIBILITY_INFO: blocking})
    assert hw.pending[0].debug == left


def test_pending_debug_exceptions_are_saved() -> None:
    hw, cpu = in_guest({F.GUEST_PENDING_DBG_EXCEPTIONS: 0x1002})
    execute(hw, cpu, parse_insn("cpuid"))
    assert (vmcs.read(hw, cpu, F.GUEST_PENDING_DBG_EXCEPTIONS), hw.pending[0].debug) == (0x1002, 0)


def test_delivery_ends_the_shadow_of_mov_ss() -> None:
    hw, cpu = in_guest({F.GUEST_INTERRUPTIBILITY_INFO: BLOCKING_MOV_SS, F.VM_ENTRY_INTR_INFO_FIELD: INJECTED_DB})
    assert cpu.blocking == 0
