"""info."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from kvmdbg.session.commands.info import find
from kvmdbg.session.reports import REPORTS
from session_support import L2, cell, say, session

S = session(*L2)


@pytest.mark.parametrize("name", REPORTS.names())
def test_every_report_can_be_made_at_the_start_and_in_the_middle(name: str) -> None:
    for s in (session("stepi"), S):
        s.execute("stepi 3" if s is not S else "goto 300")
        assert s.execute(f"info {name}") is not None


def test_alone_it_lists_them() -> None:
    assert cell(S, "info", "info") == REPORTS.names()


def test_prefixes_and_mistakes() -> None:
    assert find("req").name == "requests"
    for line, message in (("info foo", 'Undefined info command: "foo".  Try "help info".'),
                          ("info v", 'Ambiguous info command "v": '),
                          ("info stats x", "takes no argument")):
        with pytest.raises(UserError, match=message):
            S.execute(line)


def test_reports_that_were_promised_exist() -> None:
    for name in ("vcpus", "requests", "tlb", "vmcs", "roots", "stats", "breakpoints", "model", "source", "display"):
        assert say(S, f"info {name}") is not None and name in REPORTS
