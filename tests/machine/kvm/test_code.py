"""Code at linear addresses: RIP decides what is executed next."""

from __future__ import annotations

import pytest

from kvm_support import KERNELS, Machine
from kvmdbg.errors import Unsupported, UserError
from kvmdbg.explore.schedule import run_until_waiting
from kvmdbg.machine.hw.events import Retired, Vectored
from kvmdbg.machine.hw.instructions import parse_insn
from kvmdbg.machine.kvm import idt
from kvmdbg.machine.kvm.code import place_code

RIP = 0x20_1000
IDT, STACK, HANDLER = 0x21_0000, 0x22_0000, 0x20_3000


def placed(m: Machine, address: int, *texts: str, level: int = 2) -> None:
    place_code(m.kvm, level, address, tuple(map(parse_insn, texts)))


def l2(name: str, *code: str, **fields: int) -> Machine:
    m = Machine(name).given_vmx().given_l2(GUEST_RIP=RIP, GUEST_IDTR_BASE=IDT, GUEST_IDTR_LIMIT=0xFFF, GUEST_RSP=STACK + 0xFF0,
                                           **fields)
    m.run("vmclear 0x5000", "vmptrld 0x5000")
    for page in (IDT, STACK):
        m.map("L2", page, page)
        m.map("ept12", page, page)
    placed(m, RIP, *code)
    return m


def retired(m: Machine, start: int) -> list[str]:
    return [event.text for event in m.since(start) if isinstance(event, Retired)]


@pytest.mark.parametrize("name", KERNELS)
def test_rip_walks_through_the_code_and_l1s_program_waits_for_its_turn(name: str) -> None:
    m = l2(name, "nop", "load 0x800000", "cpuid", "vmcall")
    start = m.kvm.tape.cursor
    m.program("vmlaunch", "nop")
    run_until_waiting(m.kvm, 0)
    assert retired(m, start) == ["nop", "load 0x800000", "nop"] and not m.vcpu.guest_mode and not m.vcpu.program
    assert (m.vmread("GUEST_RIP"), m.vmread("VM_EXIT_REASON")) == (RIP + 1 + 3, 10)     # L1 wants CPUID of L2


@pytest.mark.parametrize("name", KERNELS)
def test_a_fault_leads_to_the_handler_and_iret_back_behind_an_instruction(name: str) -> None:
    m = l2(name, "int3", "vmcall")
    idt.set_gate(m.kvm, m.vcpu, "L2", 3, HANDLER)
    placed(m, HANDLER, "nop", "iret")
    start = m.kvm.tape.cursor
    m.run("vmlaunch")
    run_until_waiting(m.kvm, 0)
    assert [event for event in m.since(start) if isinstance(event, Vectored)] == [Vectored(0, 3, HANDLER)]
    assert retired(m, start) == ["nop", "iret"] and m.vmread("GUEST_RIP") == RIP + 1


def test_an_instruction_that_exits_and_is_repeated_comes_from_the_same_address() -> None:
    m = l2("v6.12", "load 0x800000", "load 0x800000", "vmcall")
    start = m.kvm.tape.cursor
    m.run("vmlaunch")
    run_until_waiting(m.kvm, 0)
    assert retired(m, start) == ["load 0x800000", "load 0x800000"] and m.vmread("GUEST_RIP") == RIP + 6


def test_a_fault_without_an_idt_has_nowhere_to_go() -> None:
    m = l2("v6.12", "ud2", EXCEPTION_BITMAP=0)
    m.run("vmwrite GUEST_IDTR_BASE, 0")
    with pytest.raises(Unsupported, match="no IDT"):
        m.run("vmlaunch")


def test_code_is_placed_whole_or_not_at_all_and_taken_away_by_its_address() -> None:
    m = Machine()
    placed(m, 0x1000, "nop", "vmcall", "nop")
    placed(m, 0x1000, "nop", level=1)
    with pytest.raises(UserError, match="has `vmcall` at 0x1001"):
        placed(m, 0x1003, "pause")
    with pytest.raises(UserError, match="below 2\\^64"):
        placed(m, (1 << 64) - 2, "vmcall")
    assert len(m.kvm.code) == 4
    placed(m, 0x1001)
    assert sorted(m.kvm.code) == [(1, 0x1000), (2, 0x1000)]
