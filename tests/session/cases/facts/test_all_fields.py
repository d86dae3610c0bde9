"""values: a read of every field."""

from __future__ import annotations

from casework import observe, verdict
from kvmdbg.session.cases.facts.all_fields import values

COPIED = ("L1: vmptrld A; vmwrite all 0x86; vmclear A", "L1: copy the region A to B; vmptrld B; vmread all")


def test_what_was_written_is_what_is_read() -> None:
    observed = observe(*COPIED)[1]
    assert values(observed, 0x86) == ""
    assert values(observed, 0x87).startswith("VIRTUAL_PROCESSOR_ID = 0x86 instead of 0x87")


def test_a_step_that_reads_one_field_only() -> None:
    (observed,) = observe("L1: vmread GUEST_CR3")
    assert values(observed, 0).startswith("the step does not read every field")


def test_a_verdict() -> None:
    assert verdict(*COPIED, expect=[{"step": 2, "values": 0x86}]).status == "ok"
    assert verdict(*COPIED, expect=[{"step": 2, "values": 0x85}]).status == "FAIL"
