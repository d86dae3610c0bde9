"""An aside instead of an operation."""

from __future__ import annotations

import pytest

from casework import observe
from kvmdbg.errors import Unsupported


def test_doing_nothing_leaves_no_trace() -> None:
    (step,) = observe("L1: (does nothing)")
    assert step.start == step.stop and step.seen.kind == "nothing"


def test_what_happens_by_itself_is_unsupported() -> None:
    with pytest.raises(Unsupported, match=r"^\(event of vmcs12 is delivered\): no operation$"):
        observe("L2: (event of vmcs12 is delivered)")
