"""`info model`."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from kvmdbg.session.model import STATEMENTS
from kvmdbg.session.reports.model import model
from looking import looking


def test_everything_a_kind_or_a_topic() -> None:
    s = looking()
    assert len(model(s).rows) == len(STATEMENTS)
    assert set(model(s, "left out").column("status")) == {"left out"}
    assert set(model(s, "tlb").column("topic")) == {"TLB"}


def test_an_unknown_topic_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UserError, match="run loop"):
        model(looking(), "weather")
