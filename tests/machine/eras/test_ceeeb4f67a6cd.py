"""eeeb4f67a6cd: KVM_REQ_TLB_FLUSH_CURRENT. The commit of seed 000."""

from __future__ import annotations

import pytest

from kvm_support import Machine, flushes, made
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.kvm.questions.flushes import LOAD_FLUSHES_ALL

BEFORE, AFTER = "eeeb4f67a6cd^", "eeeb4f67a6cd"


def test_the_questions() -> None:
    found = [(era.current_flush_request(), era.flushes_served_at_transitions(), era.request_bits().get("TLB_FLUSH_CURRENT"),
              era.request_bits()["HV_TLB_FLUSH"]) for era in (kernel(BEFORE), kernel(AFTER))]
    assert found == [("TLB_FLUSH", (), None, 34), ("TLB_FLUSH_CURRENT", ("TLB_FLUSH_CURRENT",), 34, 35)]


@pytest.mark.parametrize("version", ["v5.8", "v5.10", "v5.14", "v5.16", "v6.12"])
def test_later_kernels_without_it_flush_everything_instead(version: str) -> None:
    era = kernel(f"{version} -eeeb4f67a6cd")
    assert "TLB_FLUSH_CURRENT" not in (era.current_flush_request(), era.local_flush_request(), *era.flushes_served_at_transitions(),
                                       *era.reused_root_asks(False, False))


@pytest.mark.parametrize("name", [BEFORE, AFTER])
def test_at_the_commit_itself_a_reused_root_is_synced_and_everything_is_flushed(name: str) -> None:
    """B.4c, points 1, 2 and 4: E20 is the middle of its series."""
    m = Machine(name).start()
    m.run("vmcall", "vmresume")
    events = m.run("vmcall")
    assert made(events) == ["LOAD_MMU_PGD", "MMU_SYNC", "TLB_FLUSH"]
    assert flushes(events) == ["invept all-context"]
    assert kernel(name).root_load_flush() == LOAD_FLUSHES_ALL


@pytest.mark.parametrize("name", [BEFORE, AFTER])
def test_at_the_commit_itself_l2_without_vpid_costs_a_full_flush(name: str) -> None:
    """B.4c, point 5."""
    m = Machine(name).given_vmx().given_l2(vpid=None)
    m.enter()
    m.run("vmcall")
    assert "TLB_FLUSH" in made(m.run("vmresume"))
