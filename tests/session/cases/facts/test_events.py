"""What user space read of a vCPU's events."""

from __future__ import annotations

from casework import observe
from kvmdbg.session.cases.facts.events import exception, injected, pending, read, triple_fault_pending


def test_facts_about_what_was_read() -> None:
    *_, seen = observe("L0.user: set_events injected=#GP error=0x10", "L0.user: get_events")
    assert (pending(seen, False), pending(seen, True), injected(seen, True)) == ("", "false", "")
    assert triple_fault_pending(seen, False) == ""
    told = exception(seen)
    assert told is not None and (told.vector, told.error_code) == ("#GP", 0x10)


def test_another_step_has_read_none() -> None:
    (seen,) = observe("L1: nop")
    assert read(seen) is None and exception(seen) is None
    assert pending(seen, False) == injected(seen, False) == triple_fault_pending(seen, False) == "no events were read"
