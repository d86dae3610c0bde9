"""rdmsr, wrmsr, rdtsc."""

from __future__ import annotations

import pytest

from casework import observe, verdict
from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.capabilities import IA32_VMX_BASIC
from kvmdbg.machine.hw.controls import EFER_NXE
from kvmdbg.session.cases.fact import check, check_outcome
from kvmdbg.session.cases.registers_read import MsrRead, MsrsRead


def test_a_register_is_read_and_written() -> None:
    steps = observe("L1: wrmsr FS_BASE 0x1000 + 8", "L1: rdmsr FS_BASE", "L1: wrmsr EFER NX=0", "L1: rdmsr IA32_EFER")
    assert steps[1].last.value == MsrRead(0xC000_0100, 0x1008) and check(steps[1], "value", 0x1008) == ""
    assert steps[0].last.value is None and not steps[3].last.value.value & EFER_NXE


def test_a_fault_reads_nothing() -> None:
    steps = observe("L1: rdmsr 0x1234", "L1: wrmsr FS_BASE 1 << 62")
    assert check_outcome(steps[0], "fault") == check(steps[0], "vector", "#GP") == "" and steps[0].last.value is None
    assert check_outcome(steps[1], "fault") == ""


def test_l2s_access_is_l1s_affair_unless_its_bitmaps_say_otherwise() -> None:
    assert observe("L2: rdmsr FS_BASE")[0].seen.reason == 31
    free = {"vmcs12": {"msr_bitmap": "FS_BASE not intercepted"}}
    assert verdict("L2: wrmsr FS_BASE 8", "L2: rdmsr FS_BASE", given=free, expect=[{"step": 2, "value": 8}]).reason == ""


def test_now_is_the_counter_of_the_level_that_acts() -> None:
    steps = observe("L1: wrmsr TSC now - (1 << 32)", "L1: rdtsc", "L1: wrmsr TSC (own TSC + 5) - 1", "L1: rdtsc")
    assert check(steps[1], "value", "<= -(1 << 32) + 100") == "" and check(steps[1], "value", "> 0") != ""
    assert (steps[3].last.value - steps[1].last.value) & 0xFF < 16


def test_every_capability_msr() -> None:
    (step,) = observe("L1: read the VMX capability MSRs")
    assert isinstance(step.last.value, MsrsRead) and step.last.value.get(IA32_VMX_BASIC)


@pytest.mark.parametrize("text", ["L1: rdmsr", "L1: rdmsr EFER PAT", "L1: wrmsr", "L1: wrmsr EFER XYZ=1",
                                  "L1: wrmsr EFER so-and-so", "L1: rdtsc 5", "L1: rdmsr XYZZY"])
def test_other_words_are_not_done(text: str) -> None:
    with pytest.raises(Unsupported):
        observe(text)
