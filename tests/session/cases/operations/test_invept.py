"""invept."""

from __future__ import annotations

from casework import OPEN_EPT, harness, observe, operation, said
from kvmdbg.session.cases.operations.invept import invept


def test_without_a_pointer_it_is_the_current_one() -> None:
    h = harness(OPEN_EPT)
    start = len(h.player.lines)
    invept(h, *operation("L1: invept type=1"))
    invept(h, *operation("L1: invept type=2 eptp=0"))
    assert said(h, start) == [f"poke 0x104000 {h.eptp:#x}", "poke 0x104008 0x0", "inject invept 0x1, @0x104000",
                              "poke 0x104000 0x0", "poke 0x104008 0x0", "inject invept 0x2, @0x104000"]


def test_good_bad_and_l2() -> None:
    assert observe("L1: invept type=1 eptp=<current EPTP>", given=OPEN_EPT)[0].seen.kind == "VMsucceed"
    assert observe("L1: invept type=1 eptp=<bad memory type>", given=OPEN_EPT)[0].seen.error == 28
    assert observe("L2: invept type=2", given=OPEN_EPT)[0].seen.reason == 50
