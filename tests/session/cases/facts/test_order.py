"""What came before what."""

from __future__ import annotations

import pytest

from casework import observe
from kvmdbg.errors import Unsupported
from kvmdbg.session.cases.facts.order import CHECKED_THEN_SENT, order


def test_none_of_it() -> None:
    (seen,) = observe("L1: nop")
    assert order(seen, CHECKED_THEN_SENT) == "none of it"


def test_an_entry_without_a_request() -> None:
    (seen,) = observe("L1: enter L2")
    assert order(seen, CHECKED_THEN_SENT).startswith("last check, entry")


def test_other_words_are_unsupported() -> None:
    (seen,) = observe("L1: nop")
    with pytest.raises(Unsupported):
        order(seen, "first things first")
