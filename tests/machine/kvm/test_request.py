"""Requests that the model serves, and their order."""

from __future__ import annotations

import pytest

from kvm_support import KERNELS, Machine
from kvmdbg.machine.kvm.request import REQUESTS, ladder


def test_the_ladder() -> None:
    """B.5: MMU_SYNC, LOAD_MMU_PGD, TLB_FLUSH, CURRENT, GUEST; EVENT after everything else."""
    assert [(request.name, request.rank) for request in ladder()] == [
        ("MMU_SYNC", 100), ("LOAD_MMU_PGD", 110), ("TLB_FLUSH", 120), ("TLB_FLUSH_CURRENT", 130), ("TLB_FLUSH_GUEST", 140),
        ("EVENT", 900)]


@pytest.mark.parametrize("request_name", REQUESTS.names())
def test_each_request_has_a_summary_and_a_source(request_name: str) -> None:
    request = REQUESTS[request_name]
    assert request.summary.endswith(".")
    assert "x86.c" in request.source


@pytest.mark.parametrize("name", KERNELS)
def test_every_kernel_knows_the_requests_that_it_can_make(name: str) -> None:
    bits = Machine(name).kvm.era.request_bits()
    assert {"TLB_FLUSH", "MMU_SYNC", "EVENT"} <= set(bits)
    assert len(set(bits.values())) == len(bits)
