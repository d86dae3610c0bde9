"""Steps of L0."""

from __future__ import annotations

import pytest

from casework import WITH_VPID, observe
from kvmdbg.errors import Unsupported
from kvmdbg.machine.kvm.events import RequestMade
from kvmdbg.session.cases.fact import check


def test_a_nested_exit() -> None:
    (step,) = observe("L0: nested VM exit")
    assert (step.seen.kind, step.seen.reason) == ("vmexit", 18)
    with pytest.raises(Unsupported, match="only `nested VM exit` is done"):
        observe("L0: nested VM entry")


@pytest.mark.parametrize(("which", "crossed"), [("entry", 1), ("exit", 1), ("entry or exit", 2)])
def test_a_request_that_is_pending_at_a_transition(which: str, crossed: int) -> None:
    (step,) = observe(f"L0: nested VM {which} with the request pending")
    assert len([event for event in step.events(RequestMade) if event.by == "host request"]) == crossed
    assert check(step, "effect", "request is served before the context changes") == ""


def test_l2_has_tags_of_its_own() -> None:
    """By EPTP since guest mode is in the role; on v4.4 by VPID where there is one, else not at all while roots are shared."""
    assert observe("L0: has_guest_tlb_tag?")[0].last.value is True
    assert observe("L0: has_guest_tlb_tag?", given=WITH_VPID, source="seed document (nested VPID emulation)")[0].last.value is True
