"""invlpg."""

from __future__ import annotations

from casework import observe
from kvmdbg.machine.hw.events import Invalidated


def test_it_forgets_the_page() -> None:
    _, step = observe("L2: load gva=V", "L2: invlpg gva=V")
    (event,) = step.events(Invalidated)
    assert event.by == "invlpg" and len(event.dropped) == 1


def test_it_exits_where_l1_wants_it() -> None:
    (step,) = observe("L2: invlpg V", given={"vmcs12": {"invlpg_exiting": True}})
    assert step.seen.reason == 14


def test_the_base_of_a_segment_counts() -> None:
    _, step = observe("L1: load gva=V", "L1: invlpg fs:V", given={"fs": "base 0x1000"})
    assert step.events(Invalidated)[0].dropped == ()
    _, step = observe("L1: load gva=V", "L1: invlpg fs:V", given={"fs": "base 0, limit 1"})
    assert len(step.events(Invalidated)[0].dropped) == 1
