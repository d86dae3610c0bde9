"""Delivery through an IDT: gates, frames, faults on the way, what the VMCS says of it."""

from __future__ import annotations

import pytest

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw import delivery, vmcs
from kvmdbg.machine.hw.controls import BLOCKING_NMI, CPU_MONITOR_TRAP_FLAG, RFLAGS_IF, RFLAGS_RF, RFLAGS_TF
from kvmdbg.machine.hw.delivery import DOUBLE_FAULT, Event, combined
from kvmdbg.machine.hw.entry import vm_entry
from kvmdbg.machine.hw.events import Delivered, Faulted, Vectored, VmExited
from kvmdbg.machine.hw.execute import EXITED, FAULTED, execute
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.instructions import parse_insn
from kvmdbg.machine.hw.interrupts import attend
from kvmdbg.machine.hw.memory import read64, write64
from kvmdbg.machine.hw.paging import RW, P
from kvmdbg.machine.hw.state import VMX_NON_ROOT, Cpu, Hardware
from support import events, flat_descriptors, map_page
from vmx import GUEST_CR3, GUEST_RIP, with_vmcs

IDT, STACK, HANDLER = 0x6_0000, 0x6_1000, 0x1_8000
IDT_PAGE, STACK_PAGE = 0x8_0000, 0x8_1000
TOP = STACK + 0x1000 - 8                     # not aligned to 16: delivery aligns
VALID, ERROR = 1 << 31, 1 << 11
NO_EPT_NO_VPID = {F.SECONDARY_VM_EXEC_CONTROL: 0}


def gate(handler: int = HANDLER, kind: int = 14, selector: int = 0x10, present: int = 1, dpl: int = 0, ist: int = 0) -> tuple[int,
                                                                                                                              int]:
    low = handler & 0xFFFF | selector << 16 | ist << 32 | kind << 40 | dpl << 45 | present << 47 | (handler >> 16 & 0xFFFF) << 48
    return low, handler >> 32


def guest(changes: dict[int, int] | None = None, vectors: dict[int, tuple[int, int]] | None = None, limit: int = 0xFFF,
          stack: bool = True, enter: bool = True) -> tuple[Hardware, Cpu]:
    """A guest without EPT whose IDT has these gates (vector -> two halves), by default one for each vector below 32."""
    hw, cpu = with_vmcs({**NO_EPT_NO_VPID, F.GUEST_IDTR_BASE: IDT, F.GUEST_IDTR_LIMIT: limit, F.GUEST_RSP: TOP, **(changes or {})})
    map_page(hw, GUEST_CR3, IDT, IDT_PAGE | P | RW)
    if stack:
        map_page(hw, GUEST_CR3, STACK, STACK_PAGE | P | RW)
    for vector, halves in (vectors if vectors is not None else {vector: gate(HANDLER + vector) for vector in range(32)}).items():
        for half, value in enumerate(halves):
            write64(hw, IDT_PAGE + 16 * vector + 8 * half, value)
    if enter:
        result = vm_entry(hw, cpu, launch=True)
        assert result.entered, result.check
    return hw, cpu


def frame(hw: Hardware, words: int = 6) -> list[int]:
    """What lies on the stack from the lowest address up."""
    top = STACK_PAGE + (TOP & ~0xF & 0xFFF)
    return [read64(hw, top - 8 * (words - word)) for word in range(words)]


def test_a_fault_pushes_a_frame_with_its_error_code_and_runs_the_handler() -> None:
    hw, cpu = guest({F.GUEST_RFLAGS: 2 | RFLAGS_IF})
    assert execute(hw, cpu, parse_insn("load 0x800000000000")) == FAULTED
    assert (cpu.rip, cpu.rsp, cpu.rflags) == (HANDLER + 13, (TOP & ~0xF) - 48, 2)
    assert frame(hw) == [0, GUEST_RIP, 0x10, 2 | RFLAGS_IF | RFLAGS_RF, TOP, 0x10]
    assert events(hw, Faulted, Vectored) == [Faulted(0, "#GP", 0, 0), Vectored(0, 13, HANDLER + 13)]


def test_the_idt_and_the_stack_are_memory_that_translations_are_cached_for() -> None:
    hw, cpu = guest()
    execute(hw, cpu, parse_insn("ud2"))
    assert {key.page for key in hw.tlb[0]} == {IDT, STACK}


@pytest.mark.parametrize(("kind", "rflags"), [(14, 2), (15, 2 | RFLAGS_IF)])
def test_an_interrupt_gate_closes_the_door_and_a_trap_gate_does_not(kind: int, rflags: int) -> None:
    hw, cpu = guest({F.GUEST_RFLAGS: 2 | RFLAGS_IF | RFLAGS_TF}, {6: gate(kind=kind)})
    execute(hw, cpu, parse_insn("ud2"))
    assert cpu.rflags == rflags


@pytest.mark.parametrize("text", ["int3", "int1"])
def test_a_software_exception_returns_behind_its_instruction(text: str) -> None:
    hw, cpu = guest()
    execute(hw, cpu, parse_insn(text))
    assert frame(hw, 5)[0] == GUEST_RIP + 1 and cpu.rip in (HANDLER + 3, HANDLER + 1)


def test_iret_goes_back_with_everything_restored_and_lets_nmis_in() -> None:
    hw, cpu = guest({F.GUEST_RFLAGS: 2 | RFLAGS_IF})
    delivery.deliver(hw, cpu, Event(2, 2, None))
    assert cpu.blocking & BLOCKING_NMI and cpu.rip == HANDLER + 2
    execute(hw, cpu, parse_insn("iret"))
    assert (cpu.rip, cpu.rsp, cpu.rflags, cpu.blocking) == (GUEST_RIP, TOP, 2 | RFLAGS_IF, 0)


@pytest.mark.parametrize(("vectors", "limit", "second"), [
    ({}, 0, (13, 6 * 8 + 3)),                                          # above the limit
    ({6: gate(kind=5)}, 0xFFF, (13, 6 * 8 + 3)),                       # a task gate
    ({6: gate(present=0)}, 0xFFF, (11, 6 * 8 + 3)),
    ({6: gate(selector=0)}, 0xFFF, (13, 1)),
    ({6: gate(handler=1 << 63)}, 0xFFF, (13, 1))])
def test_a_bad_gate_is_a_fault_that_names_it(vectors: dict[int, tuple[int, int]], limit: int, second: tuple[int, int]) -> None:
    hw, cpu = guest({F.EXCEPTION_BITMAP: 1 << second[0]}, vectors, limit)
    assert execute(hw, cpu, parse_insn("ud2")) == EXITED
    info = vmcs.read(hw, cpu, F.VM_EXIT_INTR_INFO)
    assert (info & 0xFF, vmcs.read(hw, cpu, F.VM_EXIT_INTR_ERROR_CODE)) == second
    assert vmcs.read(hw, cpu, F.IDT_VECTORING_INFO_FIELD) == VALID | 3 << 8 | 6


def test_a_software_interrupt_through_a_bad_gate_is_not_external() -> None:
    hw, cpu = guest({F.EXCEPTION_BITMAP: 1 << 13}, {3: gate(kind=0)})
    execute(hw, cpu, parse_insn("int3"))
    assert vmcs.read(hw, cpu, F.VM_EXIT_INTR_ERROR_CODE) == 3 * 8 + 2
    assert vmcs.read(hw, cpu, F.IDT_VECTORING_INFO_FIELD) == VALID | 6 << 8 | 3
    assert vmcs.read(hw, cpu, F.VM_EXIT_INSTRUCTION_LEN) == 1


GP, NP, PF, UD, NMI, IRQ, BP, DF = (Event(13, 3, 0), Event(11, 3, 0), Event(14, 3, 0), Event(6, 3, None), Event(2, 2, None),
                                    Event(0x30, 0, None), Event(3, 6, None), Event(8, 3, 0))
CASES = [(GP, NP, DOUBLE_FAULT), (PF, PF, DOUBLE_FAULT), (PF, GP, DOUBLE_FAULT), (GP, PF, 14), (UD, GP, 13), (IRQ, GP, 13),
         (NMI, PF, 14), (BP, NP, 11), (GP, UD, 6), (DF, GP, None), (DF, PF, None)]


@pytest.mark.parametrize(("first", "second", "vector"), CASES)
def test_what_two_faults_make(first: Event, second: Event, vector: int | None) -> None:
    found = combined(first, second)
    assert (found.vector if found else None) == vector


def test_two_faults_make_a_double_fault_and_a_third_ends_in_a_triple_fault_exit() -> None:
    hw, cpu = guest(vectors={13: gate(present=0)})
    execute(hw, cpu, parse_insn("load 0x800000000000"))
    assert [event.vector for event in events(hw, Faulted)] == ["#GP", "#DF"]
    assert events(hw, VmExited)[-1].reason == 2
    assert vmcs.read(hw, cpu, F.IDT_VECTORING_INFO_FIELD) == 0           # 27.2.4: a triple fault is no exit during delivery
    assert vmcs.read(hw, cpu, F.GUEST_RIP) == GUEST_RIP


def test_a_double_fault_that_the_host_wants_has_no_vectoring_information() -> None:
    hw, cpu = guest({F.EXCEPTION_BITMAP: 1 << 8}, {13: gate(present=0)})
    assert execute(hw, cpu, parse_insn("load 0x800000000000")) == EXITED
    assert vmcs.read(hw, cpu, F.VM_EXIT_INTR_INFO) == VALID | ERROR | 3 << 8 | 8
    assert vmcs.read(hw, cpu, F.IDT_VECTORING_INFO_FIELD) == 0


def test_the_second_fault_is_looked_up_in_the_exception_bitmap_before_the_two_make_a_double_fault() -> None:
    hw, cpu = guest({F.EXCEPTION_BITMAP: 1 << 11}, vectors={13: gate(present=0)})
    assert execute(hw, cpu, parse_insn("load 0x800000000000")) == EXITED
    assert vmcs.read(hw, cpu, F.VM_EXIT_INTR_INFO) == VALID | ERROR | 3 << 8 | 11
    assert vmcs.read(hw, cpu, F.IDT_VECTORING_INFO_FIELD) == VALID | ERROR | 3 << 8 | 13


def test_a_page_fault_on_the_stack_is_a_fault_of_the_delivery() -> None:
    hw, cpu = guest({F.EXCEPTION_BITMAP: 1 << 14}, stack=False)
    execute(hw, cpu, parse_insn("ud2"))
    assert vmcs.read(hw, cpu, F.VM_EXIT_INTR_INFO) == VALID | ERROR | 3 << 8 | 14
    assert vmcs.read(hw, cpu, F.EXIT_QUALIFICATION) == (TOP & ~0xF) - 8
    assert (vmcs.read(hw, cpu, F.VM_EXIT_INTR_ERROR_CODE), vmcs.read(hw, cpu, F.IDT_VECTORING_INFO_FIELD)) == (2,
                                                                                                               VALID | 3 << 8 | 6)


def test_an_injected_event_goes_through_the_idt_whatever_the_exception_bitmap_says() -> None:
    hw, cpu = guest({F.EXCEPTION_BITMAP: 0xFFFF_FFFF, F.VM_ENTRY_INTR_INFO_FIELD: VALID | ERROR | 3 << 8 | 13,
                     F.VM_ENTRY_EXCEPTION_ERROR_CODE: 0x18})
    assert (cpu.vmx, cpu.rip, frame(hw)[0]) == (VMX_NON_ROOT, HANDLER + 13, 0x18)
    assert events(hw, Delivered, Vectored) == [Delivered(0, 13, 3, 0x18), Vectored(0, 13, HANDLER + 13)]


def test_an_entry_may_end_at_once_when_the_delivery_of_its_event_causes_an_exit() -> None:
    hw, cpu = guest({F.EXCEPTION_BITMAP: 1 << 13, F.VM_ENTRY_INTR_INFO_FIELD: VALID | ERROR | 3 << 8 | 12,
                     F.VM_ENTRY_EXCEPTION_ERROR_CODE: 0xBEEF}, limit=0, enter=False)
    result = vm_entry(hw, cpu, launch=True)
    assert (result.entered, result.left, result.outcome, cpu.vmx) == (True, True, EXITED, "root")
    assert (vmcs.read(hw, cpu, F.VM_EXIT_INTR_INFO), vmcs.read(hw, cpu,
                                                               F.VM_EXIT_INTR_ERROR_CODE)) == (VALID | ERROR | 3 << 8 | 13, 0x63)
    assert vmcs.read(hw, cpu, F.IDT_VECTORING_INFO_FIELD) == VALID | ERROR | 3 << 8 | 12
    assert vmcs.read(hw, cpu, F.IDT_VECTORING_ERROR_CODE) == 0xBEEF


def test_without_an_idt_a_handler_is_taken_to_return_at_once() -> None:
    hw, cpu = guest({F.GUEST_IDTR_BASE: 0})
    assert execute(hw, cpu, parse_insn("ud2")) == FAULTED
    assert (cpu.rip, cpu.rsp, events(hw, Vectored)) == (GUEST_RIP, TOP, [])


def test_the_monitor_trap_is_due_at_the_handler() -> None:
    hw, cpu = guest({F.CPU_BASED_VM_EXEC_CONTROL: CPU_MONITOR_TRAP_FLAG})
    execute(hw, cpu, parse_insn("ud2"))
    assert hw.pending[0].mtf and cpu.rip == HANDLER + 6


def test_single_stepping_leaves_a_pending_debug_exception_behind_each_instruction() -> None:
    hw, cpu = guest({F.GUEST_RFLAGS: 2 | RFLAGS_TF})
    execute(hw, cpu, parse_insn("nop"))
    assert hw.pending[0].debug == 1 << 14


def test_privilege_level_3_and_interrupt_stacks_are_refused() -> None:
    hw, cpu = guest()
    cpu.descriptors = flat_descriptors(3)._replace(idtr_base=IDT)
    with pytest.raises(Unsupported, match="privilege level 3"):
        execute(hw, cpu, parse_insn("ud2"))
    hw, cpu = guest(vectors={6: gate(ist=1)})
    with pytest.raises(Unsupported, match="interrupt stack"):
        execute(hw, cpu, parse_insn("ud2"))


def test_a_debug_exception_that_the_guest_gets_sets_dr6() -> None:
    hw, cpu = guest({F.GUEST_RFLAGS: 2 | RFLAGS_TF})
    cpu.dr6 |= 0x2002                        # BD stays, B1 is one that each debug exception sets anew
    execute(hw, cpu, parse_insn("nop"))
    attend(hw, cpu)
    assert cpu.dr6 == 0xFFFF_6FF0


@pytest.mark.parametrize("text", ["int1", "ud2"])
def test_int1_and_other_exceptions_leave_dr6_alone(text: str) -> None:
    hw, cpu = guest()
    execute(hw, cpu, parse_insn(text))
    assert cpu.dr6 == 0xFFFF_0FF0


def test_a_page_fault_on_the_way_of_another_leaves_its_address_in_cr2() -> None:
    hw, cpu = guest({F.GUEST_IDTR_BASE: IDT + 0x1000}, stack=False)
    execute(hw, cpu, parse_insn("load 0x9990000"))
    assert [event.vector for event in events(hw, Faulted)] == ["#PF", "#DF"]
    assert cpu.cr2 == IDT + 0x1000 + 16 * DOUBLE_FAULT
