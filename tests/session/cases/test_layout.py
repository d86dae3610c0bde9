"""What L1's memory and segments look like where a case wants more."""

from __future__ import annotations

import pytest

from casework import harness, verdict
from kvmdbg.machine.hw.paging import ADDRESS, RW
from kvmdbg.session.cases import binding
from kvmdbg.session.cases.layout import PUD

SHARED = {"setup": "paths 1 and 3 go through pud1 (user, write) and pud2 (user, read) to the same pmd page"}


def test_identity_mapped_pages_are_out_of_the_way_of_the_tables() -> None:
    player = harness({"setup": "pages 0x1000 and 0x2000 identity-mapped and present"}).player
    assert player.kvm.cpu(player.vcpu).cr3 == binding.L1_ROOT
    assert [player.entry("L1", page)[1] & ADDRESS for page in (0x1000, 0x2000)] == [0x1000, 0x2000]


def test_two_upper_entries_share_a_table() -> None:
    player = harness(SHARED).player
    first, second = (player.entry("L1", address, PUD)[1] for address in (binding.PTR1, binding.PTR1 + (1 << 30)))
    assert first ^ second == RW and first & RW


@pytest.mark.parametrize("enable_ept", [True, False])
def test_rights_of_a_path_do_not_leak(enable_ept: bool) -> None:
    steps = ("L1(user): load ptr1 (u--)", "L1(user): store ptr2 (uw-)", "L1(user): load ptr3 (u--)", "L1(user): store ptr4 (u--)")
    expect = [{"step": 1, "outcome": "no_fault"}, {"step": 2, "outcome": "no_fault"}, {"step": 3, "outcome": "no_fault"},
              {"step": 4, "outcome": "fault", "vector": "#PF"}]
    assert verdict(*steps, expect=expect, given=SHARED | {"l0": {"enable_ept": enable_ept}}).status == "ok"


def test_segments() -> None:
    player = harness({"fs": "base 0x1000, limit 0xfffff", "gs": "null"}).player
    segments = player.kvm.cpu(player.vcpu).descriptors
    assert (segments.fs.base, segments.fs.limit) == (0x1000, 0xFFFFF)
    assert segments.gs.ar >> 16 & 1


def test_lists_of_msrs_and_what_firmware_left_undone() -> None:
    h = harness({"list": "one entry: FS_BASE = 5", "msr": "FEATURE_CONTROL not locked", "vmx": "not entered"})
    assert (h.peek(binding.MSR_AREA), h.peek(binding.MSR_AREA + 8)) == (0xC000_0100, 5)
    h.player.inject("rdmsr IA32_FEATURE_CONTROL")
    assert h.rax == 0


@pytest.mark.parametrize(("text", "reads", "writes"), [
    ("FS_BASE intercepted for reads", "vmexit", "runs"), ("FS_BASE and EFER intercepted", "vmexit", "vmexit"),
    ("nothing intercepted", "runs", "runs"), ("GS_BASE intercepted", "runs", "runs")])
def test_l1s_msr_bitmaps(text: str, reads: str, writes: str) -> None:
    expect = [{"step": 1, "outcome": reads}, {"step": 2, "outcome": writes}]
    assert verdict("L2: rdmsr FS_BASE", "L2: wrmsr FS_BASE 8", given={"vmcs12": {"msr_bitmap": text}}, expect=expect).reason == ""


def test_an_msr_that_vm_entry_loads_is_l2s() -> None:
    """As kvm-unit-tests' vmx.c, msr_switch: load at entry, read by L2, written by L2, stored at exit."""
    given = {"list": "one entry: KERNEL_GS_BASE = 0x31415926", "vmcs12": {"msr_bitmap": "KERNEL_GS_BASE not intercepted"}}
    steps = ("L1: vmwrite ENTRY_MSR_LOAD_COUNT 1; vmlaunch", "L2: rdmsr KERNEL_GS_BASE", "L2: vmcall",
             "L1: wrmsr KERNEL_GS_BASE 1; vmresume", "L2: rdmsr KERNEL_GS_BASE")
    expect = [{"step": 1, "outcome": "entered"}, {"step": 2, "value": 0x31415926}, {"step": 5, "value": 0x31415926}]
    assert verdict(*steps, given=given, expect=expect).reason == ""
    given["list"] = "one entry: FS_BASE"
    failed = [{"step": 1, "outcome": "entry_failure", "exit_reason": 0x8000_0022, "qualification": 1}]
    assert verdict(steps[0], given=given, expect=failed).reason == ""
