"""VMFUNC."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.controls import (
    CPU_SECONDARY_CONTROLS,
    EFER_NXE,
    ENTRY_LOAD_IA32_EFER,
    SEC_ENABLE_EPT,
    SEC_ENABLE_VMFUNC,
    SEC_ENABLE_VPID,
)
from kvmdbg.machine.hw.events import Faulted, Invalidated, Referenced
from kvmdbg.machine.hw.execute import EXITED, FAULTED, RETIRED, execute
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.instructions import parse_insn
from kvmdbg.machine.hw.memory import write64
from kvmdbg.machine.hw.state import Cpu, Hardware
from kvmdbg.machine.hw.tlbkey import COMBINED, GUEST_PHYSICAL, LINEAR, NONE, TlbEntry, TlbKey
from support import events, new_hardware
from vmx import EPTP, in_guest

LIST = 0x9000
SECOND = 0xB_001E
ENTRY = TlbEntry(0, True, True, True, True, True, NONE, 0, 0)


def guest(vpid: bool = True, functions: int = 1, enabled: bool = True, cpl: int = 0, **changes: int) -> tuple[Hardware, Cpu]:
    """A guest whose EPTP list has the present EPTP, another, and one that is not valid."""
    secondary = SEC_ENABLE_EPT | SEC_ENABLE_VPID * vpid | SEC_ENABLE_VMFUNC * enabled
    hw, cpu = in_guest({F.CPU_BASED_VM_EXEC_CONTROL: CPU_SECONDARY_CONTROLS, F.SECONDARY_VM_EXEC_CONTROL: secondary,
                        F.VM_FUNCTION_CONTROL: functions if enabled else 0, F.EPTP_LIST_ADDRESS: LIST,
                        **{getattr(F, name): value for name, value in changes.items()}}, cpl)
    for i, eptp in enumerate((EPTP, SECOND, 0xB_0006)):
        write64(hw, LIST + 8 * i, eptp)
    return hw, cpu


@pytest.mark.parametrize("cpl", [0, 3])
def test_eptp_switching_at_any_level(cpl: int) -> None:
    hw, cpu = guest(cpl=cpl)
    rflags = cpu.rflags
    assert execute(hw, cpu, parse_insn("vmfunc 0, 1")) == RETIRED
    assert cpu.eptp == SECOND == vmcs.read(hw, cpu, F.EPT_POINTER) and cpu.rflags == rflags
    assert not events(hw, Invalidated, start=len(hw.tape.entries) - 6)


def keys(vpid: int) -> tuple[TlbKey, ...]:
    return (TlbKey(COMBINED, vpid, 0, EPTP >> 12, 0x1000, 0x1000), TlbKey(COMBINED, vpid, 3, 0xFFF, 0x1000, 0x1000),
            TlbKey(LINEAR, vpid, 0, NONE, 0x1000, 0x1000), TlbKey(GUEST_PHYSICAL, NONE, NONE, EPTP >> 12, 0x1000, 0x1000))


@pytest.mark.parametrize("vpid", [True, False])
def test_without_vpid_combined_mappings_go_and_nothing_else(vpid: bool) -> None:
    hw, cpu = guest(vpid)
    for key in keys(cpu.vpid):
        hw.tlb[0][key] = ENTRY
    execute(hw, cpu, parse_insn("vmfunc 0, 1"))
    assert set(hw.tlb[0]) == set(keys(cpu.vpid) if vpid else keys(0)[2:])


@pytest.mark.parametrize("text", ["vmfunc 0, 512", "vmfunc 0, 2", "vmfunc 0, 3", "vmfunc 1, 0", "vmfunc 63, 0"])
def test_what_cannot_be_done_exits(text: str) -> None:
    hw, cpu = guest()
    assert execute(hw, cpu, parse_insn(text)) == EXITED
    assert (vmcs.read(hw, cpu, F.VM_EXIT_REASON), vmcs.read(hw, cpu, F.EXIT_QUALIFICATION)) == (59, 0)
    assert vmcs.read(hw, cpu, F.EPT_POINTER) == EPTP and vmcs.read(hw, cpu, F.VM_EXIT_INSTRUCTION_LEN) == 3


def test_a_function_that_is_not_enabled_exits() -> None:
    hw, cpu = guest(functions=0)
    assert execute(hw, cpu, parse_insn("vmfunc 0, 1")) == EXITED


@pytest.mark.parametrize(("enabled", "text"), [(True, "vmfunc 64, 0"), (False, "vmfunc 0, 0")])
def test_what_does_not_exist_is_ud(enabled: bool, text: str) -> None:
    hw, cpu = guest(enabled=enabled)
    assert execute(hw, cpu, parse_insn(text)) == FAULTED
    assert [event.vector for event in events(hw, Faulted)] == ["#UD"]


def test_outside_a_guest_it_is_ud() -> None:
    hw = new_hardware()
    assert execute(hw, hw.cpus[0], parse_insn("vmfunc 0, 0")) == FAULTED
    assert events(hw, Faulted) == [Faulted(0, "#UD", 0, 0)]


def test_the_pdptes_of_pae_paging_stay() -> None:
    hw, cpu = guest(VM_ENTRY_CONTROLS=ENTRY_LOAD_IA32_EFER, GUEST_IA32_EFER=EFER_NXE, GUEST_PDPTR0=0xA001)
    assert execute(hw, cpu, parse_insn("vmfunc 0, 1")) == RETIRED
    assert cpu.pdptes == (0xA001, 0, 0, 0) and not events(hw, Referenced)
