"""save."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kvmdbg.errors import UserError
from kvmdbg.session.reports import REPORTS
from kvmdbg.session.session import Session
from session_support import L2, L2_WITH_EPT, STALE_IN_L1, say, session

# What says nothing about the past.
OF_STATE = ("vcpus", "roots", "vmcb", "vmcs", "registers", "kernel", "stats", "model", "code", "capabilities")
MORE = ("inject load 0x400000", "inject load 0x800000", "inject vmcall", "inject invlpg 0x400000", "inject vmresume",
        "inject mov cr3, 0x1000", "host unmap 0x5", "host irq vcpu0 0x20", "inject store 0x800000, 1", "inject hlt",
        "map L1 0x400000 0x6000", "inject invvpid all-context", "host preempt vcpu0", "host smi vcpu0", "host init vcpu0")
BEGINNINGS = ((), L2, L2_WITH_EPT, STALE_IN_L1)


def test_shown_or_written(tmp_path: Path) -> None:
    s = session(*L2, "goto end")
    shown = say(s, "save")
    assert shown.startswith("# A state of kvmdbg")
    assert say(s, f"save {tmp_path}/a").startswith(f"the state at #{s.tape.end} written")
    assert (tmp_path / "a").read_text() == shown + "\n"


def test_in_the_middle_of_an_action_there_is_no_state_to_go_on_from() -> None:
    s = session("stepi 3")
    with pytest.raises(UserError, match="in the middle of vcpu0") as wrong:
        s.execute("save")
    assert "finish" in wrong.value.hint


def reports(s: Session) -> dict[str, str]:
    """What every report of the state says, and the TLB and the requests without what is of the past."""
    found = {name: say(s, f"info {name}") for name in OF_STATE}
    rows = s.execute("info tlb").rows                                              # type: ignore[union-attr]
    bits = s.execute("info requests").rows                                         # type: ignore[union-attr]
    found["requests"] = str([(row.mark, row.cells[:2], row.cells[4:]) for row in bits])
    return found | {"tlb": str([(row.cells[:2], row.cells[3:-1]) for row in rows])}


def without_positions(said: str) -> str:
    return re.sub(r"#\d+", "#", said)


def put(s: Session, line: str) -> str:
    try:
        return say(s, line)
    except UserError as wrong:
        return str(wrong)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(kernel=st.sampled_from(("v3.1", "v4.3", "v4.4", "v5.8", "v6.12")),
       machine=st.sampled_from(("", "enable_ept=0", "enable_vpid=0", "tlb_capacity=4 cpus=2", "unrestricted_guest=0")),
       beginning=st.sampled_from(BEGINNINGS), before=st.lists(st.sampled_from(MORE), max_size=6), steps=st.integers(0, 3),
       after=st.lists(st.sampled_from(MORE), max_size=4))
def test_what_is_loaded_is_what_was_saved_and_goes_on_alike(kernel: str, machine: str, beginning: tuple[str, ...],
                                                            before: list[str], steps: int, after: list[str]) -> None:
    files: dict[str, str] = {}
    s = Session(kernel, listening=False, write_file=files.__setitem__)
    for line in (f"machine {machine}" if machine else "", *beginning, *before, "goto end"):
        put(s, line)
    for _ in range(steps):
        s.timeline.run(0)
    s.stop_position_before = s.tape.cursor                   # change marks are of the past
    s.execute("save a")
    other = Session("v6.12", listening=False, read_file=files.__getitem__, write_file=files.__setitem__)
    other.execute("load state a")
    assert other.tape.digest() == s.tape.digest() and reports(other) == reports(s)
    other.execute("save b")
    assert files["a"].splitlines()[2:] == files["b"].splitlines()[2:]
    for line in after:
        assert without_positions(put(other, line)) == without_positions(put(s, line))
        assert other.tape.digest() == s.tape.digest(), line


def test_every_report_is_of_the_state_or_of_the_past() -> None:
    """A new report has to say on which side it stands: the list above, or this one."""
    of_the_past = {"breakpoints", "display", "flushes", "frames", "kernels", "line", "source", "watchpoints"}
    assert {one.name for one in REPORTS} == {*OF_STATE, *of_the_past, "requests", "tlb"}
