"""02120c45b0b9: L1 may have execute-only pages in its EPT."""

from __future__ import annotations

import pytest

from kvm_support import DATA, EPT12, L2_PAGE, Machine, of
from kvmdbg.machine.kvm.events import NestedExited

BEFORE, AFTER = "02120c45b0b9^", "02120c45b0b9"


@pytest.mark.parametrize(("name", "reasons"), [(BEFORE, [49]), (AFTER, []), ("v6.12", [])])
def test_a_fetch_from_an_execute_only_page(name: str, reasons: list[int]) -> None:
    m = Machine(name).given_vmx().given_l2()
    m.map("ept12", DATA, DATA, root=EPT12, flags="x")
    m.enter()
    assert [event.reason for event in of(m.run(f"fetch {L2_PAGE:#x}"), NestedExited)] == reasons
