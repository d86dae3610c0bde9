"""invlpg."""

from __future__ import annotations

import pytest

from casework import observe
from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.events import Invalidated


def test_it_forgets_the_page() -> None:
    _, step = observe("L2: load gva=V", "L2: invlpg V")
    (event,) = step.events(Invalidated)
    assert event.by == "invlpg" and len(event.dropped) == 1


def test_it_exits_where_l1_wants_it() -> None:
    (step,) = observe("L2: invlpg V", given={"vmcs12": {"invlpg_exiting": True}})
    assert step.seen.reason == 14


def test_segment_bases_are_not_modelled() -> None:
    with pytest.raises(Unsupported, match="segment bases are not modelled"):
        observe("L1: invlpg fs:0x1000")
