"""3cc4e148b962: requests for a remote flush are counted."""

from __future__ import annotations

import pytest

from kvm_support import DATA, L2_PAGE, V6_12, Machine
from kvmdbg.machine.eras.versions import kernel

BEFORE = "v6.12 -3cc4e148b962"


def test_the_questions() -> None:
    assert [kernel(name).counts_remote_flush_requests() for name in (BEFORE, V6_12)] == [False, True]


@pytest.mark.parametrize(("name", "requests"), [(BEFORE, 0), (V6_12, 1)])
def test_the_statistics(name: str, requests: int) -> None:
    m = Machine(name).start()
    m.run(f"load {L2_PAGE:#x}", "vmcall")
    m.set("ept12", DATA, 0, table_level=2)
    assert m.stat("remote_tlb_flush_requests", -1) == requests
