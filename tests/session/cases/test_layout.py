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
