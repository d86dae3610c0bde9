"""2b4a5a5d5688: flushes for the guest hit the VPID that the guest runs with."""

from __future__ import annotations

import pytest

from kvm_support import L2_PAGE, V6_12, Machine, flushes
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.hw.tlbkey import COMBINED

BEFORE, AFTER = "2b4a5a5d5688^", "2b4a5a5d5688"


BY_ITSELF = f"{V6_12} -2b4a5a5d5688"


def test_the_question() -> None:
    assert [kernel(name).guest_flush_is_vpid02(True, True) for name in (BEFORE, AFTER, BY_ITSELF, V6_12)] == [False, True] * 2
    assert kernel(BEFORE).current_context_is_vpid02(True, True)


@pytest.mark.parametrize(("name", "vpid", "stale"), [(BY_ITSELF, 1, True), (V6_12, 2, False)])
def test_a_changed_vpid12_left_vpid02_as_it_was(name: str, vpid: int, stale: bool) -> None:
    """The transition asks for a guest flush, which must hit vpid02."""
    m = Machine(name).start()
    m.run(f"load {L2_PAGE:#x}", "vmcall", "vmwrite VIRTUAL_PROCESSOR_ID, 7")
    assert flushes(m.run("vmresume")) == [f"invvpid single-context {vpid}"]
    assert bool(m.cached(COMBINED, L2_PAGE)) == stale
