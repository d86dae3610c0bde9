"""Requests that the model serves, and their order."""

from __future__ import annotations

import pytest

from kvm_support import KERNELS, V6_12, Machine
from kvmdbg.machine.eras.versions import VERSIONS, kernel
from kvmdbg.machine.kvm.request import EVENT, REQUESTS, ladder


def test_what_the_model_serves_in_the_order_of_v6_12() -> None:
    """B.5: MMU_SYNC, LOAD_MMU_PGD, TLB_FLUSH, CURRENT, GUEST; EVENT after everything else."""
    served = [name for name in ladder(kernel(V6_12)) if name in REQUESTS]
    wanted = ["MMU_SYNC", "LOAD_MMU_PGD", "TLB_FLUSH", "TLB_FLUSH_CURRENT", "TLB_FLUSH_GUEST", "EVENT"]
    assert [name for name in served if name in wanted] == wanted
    assert served[-1] == EVENT


@pytest.mark.parametrize("version", [version.name for version in VERSIONS])
def test_each_ladder_names_requests_that_the_kernel_has_once(version: str) -> None:
    era = kernel(version)
    names = ladder(era)
    assert len(set(names)) == len(names)
    assert set(names) <= set(era.request_bits())
    assert names[-1] == EVENT


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
