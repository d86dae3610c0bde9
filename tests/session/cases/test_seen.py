"""How an operation ended, from its events."""

from __future__ import annotations

from typing import Any

import pytest

from kvmdbg.machine.hw.events import Accessed, Completed, Faulted, Invalidated, Retired
from kvmdbg.machine.kvm.events import (
    ExceptionInjected,
    NestedEntered,
    NestedEntryFailed,
    NestedExited,
    NestedFailed,
    NestedLeft,
    NestedSucceeded,
    SmmChanged,
)
from kvmdbg.session.cases.seen import LEFT, Seen, read


@pytest.mark.parametrize(("events", "kind", "said"), [
    ([], "nothing", "nothing happened"),
    ([Retired(0, "nop")], "runs", "it runs"),
    ([Completed(0, "invvpid", "VMsucceed", 0)], "nothing", "nothing happened"),       # KVM's own instruction
    ([NestedSucceeded(0, "invvpid")], "VMsucceed", "VMsucceed"),
    ([NestedFailed(0, "invvpid", 28)], "VMfailValid", "VMfailValid, error 28"),
    ([NestedFailed(0, "vmread", 0)], "VMfailInvalid", "VMfailInvalid"),
    ([ExceptionInjected(0, "#PF", 2, 0x1000)], "fault", "#PF with error code 0x2"),
    ([Faulted(0, "#UD", 0, 0)], "fault", "#UD with error code 0x0"),
    ([NestedLeft(0), SmmChanged(0, True, 2)], "smm", "the SMM handler runs"),
    ([SmmChanged(0, False, 1)], "runs", "it runs"),
    ([NestedEntered(0, 0x1000, 1)], "entered", "an entry to L2"),
    ([NestedExited(0, 14, 0x400000)], "vmexit", "VM exit 14 (INVLPG), qualification 0x400000"),
    ([NestedEntered(0, 0x1000, 1), NestedExited(0, 0x8000_0021, 0)], "entry_failure",
     "failed entry, exit reason 0x80000021, qualification 0x0"),
    ([NestedEntryFailed(0, 0x8000_0021, 0)], "entry_failure", "failed entry, exit reason 0x80000021, qualification 0x0"),
    ([Faulted(0, "#UD", 0, 0), Retired(0, "nop")], "runs", "it runs"),                 # the last one decides
])
def test_kinds(events: list[Any], kind: str, said: str) -> None:
    seen = read(events)
    assert (seen.kind, str(seen)) == (kind, said)


def test_an_exit_has_a_basic_reason_and_anything_else_none() -> None:
    assert read([NestedExited(0, 0x8000_0021, 0)]).reason == 33
    assert read([NestedEntered(0, 0, 0)]).reason == -1


def test_accesses_are_kept_in_order() -> None:
    first, second = Accessed(0, "read", 0x1000, 0x2000, 7), Accessed(0, "write", 0x3000, 0x4000, 8)
    noise = Invalidated(0, "invvpid", "single-context", 1, -1, -1, -1, ())
    assert read([first, noise, second, Retired(0, "store")]).accesses == (first, second)


def test_a_guest_that_runs_no_more_says_why() -> None:
    assert str(Seen(LEFT, note="it is halted")) == "it is halted"
