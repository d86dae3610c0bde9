"""WRMSR."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.controls import CPU_USE_MSR_BITMAPS, CR0_PG, EFER_LMA, EFER_LME, EFER_NXE, EFER_SCE
from kvmdbg.machine.hw.events import Faulted, Invalidated
from kvmdbg.machine.hw.execute import EXITED, FAULTED, RETIRED, execute
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.instructions import parse_insn
from kvmdbg.machine.hw.memory import write64
from kvmdbg.machine.hw.state import Cpu, Hardware
from support import events, flat_descriptors, new_hardware
from vmx import LONG_EFER, in_guest


def wrmsr(hw: Hardware, cpu: Cpu, name: str, value: int) -> str:
    return execute(hw, cpu, parse_insn(f"wrmsr {name}, {value:#x}"))


def test_efer_keeps_lma_and_nothing_is_invalidated() -> None:
    hw = new_hardware()
    cpu = hw.cpus[0]
    assert wrmsr(hw, cpu, "IA32_EFER", EFER_LME | EFER_SCE) == RETIRED
    assert cpu.efer == EFER_LME | EFER_SCE | EFER_LMA
    cpu.cr0 &= ~CR0_PG
    cpu.efer = 0
    assert wrmsr(hw, cpu, "IA32_EFER", EFER_LME | EFER_LMA) == RETIRED
    assert cpu.efer == EFER_LME and not events(hw, Invalidated)


@pytest.mark.parametrize(("name", "value"), [
    ("IA32_EFER", LONG_EFER & ~EFER_LME), ("IA32_EFER", LONG_EFER | 2), ("IA32_PAT", 2), ("IA32_DEBUGCTL", 1 << 20),
    ("IA32_SYSENTER_EIP", 1 << 47), ("IA32_GS_BASE", 1 << 63), ("0x11", 0)])
def test_what_the_processor_refuses_is_gp_and_changes_nothing(name: str, value: int) -> None:
    hw = new_hardware()
    cpu = hw.cpus[0]
    before = cpu.frozen()
    assert wrmsr(hw, cpu, name, value) == FAULTED
    assert cpu.frozen() == before and events(hw, Faulted) == [Faulted(0, "#GP", 0, 0)]


def test_it_is_privileged() -> None:
    hw = new_hardware()
    hw.cpus[0].descriptors = flat_descriptors(3)
    assert wrmsr(hw, hw.cpus[0], "IA32_EFER", EFER_NXE) == FAULTED


@pytest.mark.parametrize(("byte", "bit", "outcome"), [(0xC10, 0, EXITED), (0xC10, 1, RETIRED), (0x410, 0, RETIRED)])
def test_the_bitmap_for_writes_decides(byte: int, bit: int, outcome: str) -> None:
    hw, cpu = in_guest({F.CPU_BASED_VM_EXEC_CONTROL: CPU_USE_MSR_BITMAPS, F.MSR_BITMAP: 0x9000})
    write64(hw, 0x9000 + byte, 1 << bit)
    assert wrmsr(hw, cpu, "IA32_EFER", LONG_EFER) == outcome
    if outcome == EXITED:
        assert vmcs.read(hw, cpu, F.VM_EXIT_REASON) == 32
