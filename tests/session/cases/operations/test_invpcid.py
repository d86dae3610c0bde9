"""invpcid."""

from __future__ import annotations

import pytest

from casework import harness, observe, operation, verdict
from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.events import Invalidated
from kvmdbg.session.cases.fact import check
from kvmdbg.session.cases.operations.invpcid import invpcid
from kvmdbg.session.cases.runner import OK


def test_an_address_of_a_pcid_is_forgotten() -> None:
    (step,) = observe("L1: invpcid type=0 pcid=3 addr=0x5000", given={"cr4": "PCIDE=1"})
    (event,) = step.events(Invalidated)
    assert (event.by, event.pcid, event.address) == ("invpcid", 3, 0x5000)


def test_a_pcid_needs_pcide() -> None:
    faults = [{"step": 1, "outcome": "fault", "vector": "#GP"}]
    assert verdict("L1: invpcid type=1 pcid=1", expect=faults, given={"cr4": "PCIDE=0"}).status == OK
    assert verdict("L1: invpcid type=2 pcid=0", expect=[{"step": 1, "outcome": "fault", "vector": "#UD"}],
                   given={"caps": {"invpcid": False}}).status == OK


@pytest.mark.parametrize(("address", "la57", "outcome"), [
    ("<canonical for 48 bits>", False, "no_fault"), ("<canonical for 57 bits only>", False, "fault"),
    ("<canonical for 57 bits only>", True, "no_fault"), ("<non-canonical for 57 bits>", True, "fault")])
def test_canonical_for_the_width_that_the_processor_offers(address: str, la57: bool, outcome: str) -> None:
    assert verdict(f"L1: invpcid type=0 pcid=10 addr={address}", expect=[{"step": 1, "outcome": outcome}],
                   given={"caps": {"la57": la57}, "cr4": "PCIDE=1"}).status == OK


def test_l2_gives_it_in_registers() -> None:
    (step,) = observe("L2: invpcid type=2 pcid=0")
    assert step.last.seen.vector == "#UD"                # vmcs12 does not enable it


@pytest.mark.parametrize("text", ["invpcid", "invpcid (whistled)", "invpcid type=0 colour=red"])
def test_other_forms_are_unsupported(text: str) -> None:
    with pytest.raises(Unsupported, match="a type, a PCID and an address"):
        invpcid(harness(), *operation(f"L1: {text}"))


def test_an_intercepted_one_is_seen_by_l0() -> None:
    (step,) = observe("L1: invpcid (intercepted)", source="seed document (Introduce KVM_REQ_TLB_FLUSH_CURRENT)")
    assert check(step, "request", "TLB_FLUSH_CURRENT") == ""
    with pytest.raises(Unsupported, match="nobody intercepts it here"):
        invpcid(harness(), *operation("L1: invpcid (intercepted)"))
