"""Where the guest is after a step."""

from __future__ import annotations

import pytest

from casework import observe
from kvmdbg.errors import Unsupported
from kvmdbg.session.cases.facts.mode import mode


def test_levels_and_smm() -> None:
    (seen,) = observe("L1: enter L2")
    assert (mode(seen, "L2"), mode(seen, "guest mode, not SMM"), mode(seen, "L1")) == ("", "", "L2, guest mode")
    *_, seen = observe("L1: enter L2", "host: inject SMI")
    assert (mode(seen, "SMM, not guest mode"), mode(seen, "L1")) == ("", "SMM, not guest mode")


def test_other_words_are_unsupported() -> None:
    (seen,) = observe("L1: nop")
    with pytest.raises(Unsupported):
        mode(seen, "real mode")
