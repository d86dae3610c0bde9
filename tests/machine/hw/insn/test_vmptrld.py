"""VMPTRLD."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.events import Completed, Faulted
from kvmdbg.machine.hw.execute import EXITED, FAULTED, RETIRED, execute
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.instructions import parse_insn
from kvmdbg.machine.hw.memory import write64
from kvmdbg.machine.hw.state import Caps
from support import events, flat_descriptors
from vmx import OTHER_REGION, REGION, VMXON_REGION, in_guest, with_vmcs


def test_the_vmcs_is_current() -> None:
    hw, cpu = with_vmcs()
    assert execute(hw, cpu, parse_insn(f"vmptrld {OTHER_REGION}")) == RETIRED
    assert cpu.current_vmcs == OTHER_REGION
    assert events(hw, Completed) == [Completed(0, "vmptrld", "VMsucceed", 0)]


@pytest.mark.parametrize(("region", "error"), [(REGION + 8, 9), (1 << 46, 9), (VMXON_REGION, 10), (0x9000, 11), (0xA000, 11)])
def test_failures(region: int, error: int) -> None:
    hw, cpu = with_vmcs(caps=Caps(shadow_vmcs=False))
    write64(hw, 0xA000, vmcs.VMCS_REVISION | 1 << 31)         # a shadow VMCS, which this processor does not support
    execute(hw, cpu, parse_insn(f"vmptrld {region}"))
    assert events(hw, Completed) == [Completed(0, "vmptrld", "VMfailValid", error)]
    assert cpu.current_vmcs == REGION


@pytest.mark.parametrize(("revision", "error"), [(vmcs.VMCS_REVISION, 0), (vmcs.VMCS_REVISION ^ 2, 11)])
def test_a_shadow_vmcs(revision: int, error: int) -> None:
    hw, cpu = with_vmcs()
    write64(hw, 0xA000, revision | vmcs.SHADOW_INDICATOR)
    execute(hw, cpu, parse_insn("vmptrld 0xa000"))
    assert ([event.error for event in events(hw, Completed)], cpu.current_vmcs) == ([error], REGION if error else 0xA000)


def test_it_is_privileged() -> None:
    hw, cpu = with_vmcs()
    cpu.descriptors = flat_descriptors(3)
    assert execute(hw, cpu, parse_insn(f"vmptrld {OTHER_REGION}")) == FAULTED
    assert events(hw, Faulted) == [Faulted(0, "#GP", 0, 0)]


def test_a_guest_exits() -> None:
    hw, cpu = in_guest()
    assert execute(hw, cpu, parse_insn("vmptrld 1")) == EXITED
    assert vmcs.read(hw, cpu, F.VM_EXIT_REASON) == 21
