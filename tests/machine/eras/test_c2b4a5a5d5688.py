"""2b4a5a5d5688: guest flushes hit the VPID that the guest runs with."""

from __future__ import annotations

import pytest

from kvm_support import L2_PAGE, V6_12, Machine, flushes
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.hw.tlbkey import COMBINED

BEFORE = "v6.12 -2b4a5a5d5688"


def test_the_question() -> None:
    assert [kernel(name).current_vpid_is_vpid02(True, True) for name in (BEFORE, V6_12)] == [False, True]
    assert not kernel(V6_12).current_vpid_is_vpid02(True, False)
    assert not kernel(V6_12).current_vpid_is_vpid02(False, True)


@pytest.mark.parametrize(("name", "vpid", "stale"), [(BEFORE, 1, True), (V6_12, 2, False)])
def test_a_changed_vpid12_left_vpid02_as_it_was(name: str, vpid: int, stale: bool) -> None:
    """The transition asks for a guest flush, which must hit vpid02."""
    m = Machine(name).start()
    m.run(f"load {L2_PAGE:#x}", "vmcall", "vmwrite VIRTUAL_PROCESSOR_ID, 7")
    assert flushes(m.run("vmresume")) == [f"invvpid single-context {vpid}"]
    assert bool(m.cached(COMBINED, L2_PAGE)) == stale
