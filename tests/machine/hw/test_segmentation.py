"""Logical addresses."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw.controls import AR_DB, AR_L, AR_UNUSABLE, CR0_PG, EFER_LMA
from kvmdbg.machine.hw.events import Faulted, Invalidated
from kvmdbg.machine.hw.execute import FAULTED, RETIRED, execute
from kvmdbg.machine.hw.instructions import parse_insn
from kvmdbg.machine.hw.operands import LogicalAddress
from kvmdbg.machine.hw.segmentation import AR_EXPAND_DOWN, linear
from kvmdbg.machine.hw.state import Cpu, Hardware, Segment
from support import events, new_hardware

DATA = 0xC093


def processor(long: bool, name: str, segment: Segment) -> tuple[Hardware, Cpu]:
    """In 64-bit mode, or in protected mode without paging, with one segment register loaded."""
    hw = new_hardware()
    cpu = hw.cpus[0]
    if not long:
        cpu.efer &= ~EFER_LMA
        cpu.cr0 &= ~CR0_PG
        cpu.descriptors = cpu.descriptors._replace(cs=cpu.descriptors.cs._replace(ar=cpu.descriptors.cs.ar & ~AR_L | AR_DB))
    cpu.descriptors = cpu.descriptors._replace(**{name: segment})          # type: ignore[arg-type]
    return hw, cpu


@pytest.mark.parametrize(("long", "name", "wanted"), [
    (True, "fs", 0x1_0000_3000), (True, "gs", 0x1_0000_3000), (True, "ds", 0x1000), (True, "cs", 0x1000), (True, "ss", 0x1000),
    (False, "fs", 0x3000), (False, "ds", 0x3000), (False, "es", 0x3000)])
def test_which_bases_count(long: bool, name: str, wanted: int) -> None:
    base = 0x1_0000_2000 if long else 0x2000
    _, cpu = processor(long, name, Segment(0x18, base, 0xFFFF_FFFF, DATA if name != "cs" else 0xA09B if long else 0xC09B))
    assert linear(cpu, LogicalAddress(name, 0x1000)) == wanted
    assert linear(cpu, 0x1000) == 0x1000


def test_outside_64_bit_mode_addresses_have_32_bits() -> None:
    _, cpu = processor(False, "fs", Segment(0x18, 0xFFFF_F000, 0xFFFF_FFFF, DATA))
    assert linear(cpu, LogicalAddress("fs", 0x2000)) == 0x1000
    assert linear(cpu, 0x1_0000_1000) == 0x1000


@pytest.mark.parametrize(("text", "segment", "vector"), [
    ("load fs:0x1000", Segment(0x18, 0, 0x1007, DATA), ""), ("load fs:0x1001", Segment(0x18, 0, 0x1007, DATA), "#GP"),
    ("load fs:0x1000", Segment(0, 0, 0xFFFF_FFFF, AR_UNUSABLE), "#GP"),
    ("load fs:0x1000", Segment(0x18, 0, 0xFFF, DATA | AR_EXPAND_DOWN), ""),
    ("load fs:0xfff", Segment(0x18, 0, 0xFFF, DATA | AR_EXPAND_DOWN), "#GP"),
    ("load fs:0xffff", Segment(0x18, 0, 0xFFF, DATA & ~AR_DB | AR_EXPAND_DOWN), "#GP"),
    ("store fs:0x1000, 1", Segment(0x18, 0, 0xFFFF, DATA), ""), ("store fs:0x1000, 1", Segment(0x18, 0, 0xFFFF, DATA & ~2), "#GP"),
    ("load fs:0x1000", Segment(0x18, 0, 0xFFFF, 0xC09B), ""), ("load fs:0x1000", Segment(0x18, 0, 0xFFFF, 0xC099), "#GP"),
    ("store fs:0x1000, 1", Segment(0x18, 0, 0xFFFF, 0xC09B), "#GP"),
    ("invlpg fs:0x1000", Segment(0, 0, 0, AR_UNUSABLE), ""), ("invlpg fs:0x1000", Segment(0x18, 0, 1, DATA), "")])
def test_limits_and_types_in_protected_mode(text: str, segment: Segment, vector: str) -> None:
    hw, cpu = processor(False, "fs", segment)
    assert execute(hw, cpu, parse_insn(text)) == (FAULTED if vector else RETIRED)
    assert [event.vector for event in events(hw, Faulted)] == [vector] * bool(vector)


def test_the_stack_segment_has_a_fault_of_its_own() -> None:
    hw, cpu = processor(False, "ss", Segment(0x18, 0, 1, DATA))
    execute(hw, cpu, parse_insn("load ss:0x1000"))
    assert [event.vector for event in events(hw, Faulted)] == ["#SS"]


def test_64_bit_mode_asks_for_no_limit() -> None:
    hw, cpu = processor(True, "fs", Segment(0, 0, 0, AR_UNUSABLE))
    assert execute(hw, cpu, parse_insn("load fs:0x1000")) == FAULTED
    assert [event.vector for event in events(hw, Faulted)] == ["#PF"]       # nothing is mapped, that is all


def test_a_base_that_makes_the_address_not_canonical_makes_invlpg_do_nothing() -> None:
    hw, cpu = processor(True, "fs", Segment(0, (1 << 47) - 1, 0, DATA))
    assert execute(hw, cpu, parse_insn("invlpg fs:0x7fffffffffff")) == RETIRED
    assert not events(hw, Invalidated)
