"""INT3."""

from __future__ import annotations

from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.events import Faulted
from kvmdbg.machine.hw.execute import EXITED, FAULTED, execute
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.instructions import parse_insn
from support import events
from vmx import GUEST_RIP, in_guest


def test_a_trap_goes_on_behind_the_instruction() -> None:
    hw, cpu = in_guest()
    assert execute(hw, cpu, parse_insn("int3")) == FAULTED
    assert (events(hw, Faulted), cpu.rip) == ([Faulted(0, "#BP", 0, 0)], GUEST_RIP + 1)


def test_its_exit_says_that_software_did_it() -> None:
    hw, cpu = in_guest({F.EXCEPTION_BITMAP: 1 << 3})
    assert execute(hw, cpu, parse_insn("int3")) == EXITED
    assert vmcs.read(hw, cpu, F.VM_EXIT_INTR_INFO) == 1 << 31 | 6 << 8 | 3
    assert (vmcs.read(hw, cpu, F.VM_EXIT_INSTRUCTION_LEN), vmcs.read(hw, cpu, F.GUEST_RIP)) == (1, GUEST_RIP)
