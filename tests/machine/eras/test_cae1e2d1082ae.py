"""ae1e2d1082ae: accessed and dirty bits in L1's EPT12."""

from __future__ import annotations

from kvm_support import DATA, EPT12, L2_PAGE, V4_4, V6_12, Machine, results
from kvmdbg.machine.eras.versions import kernel

BEFORE = "v6.12 -ae1e2d1082ae"


def test_the_questions() -> None:
    assert [(kernel(name).nested_ept_ad(), kernel(name).checks_eptp12()) for name in (V4_4, BEFORE, V6_12)] == [
        (False, False), (False, False), (True, True)]


def test_flags_of_ept12() -> None:
    found = []
    for name in (BEFORE, V6_12):
        m = Machine(name).given_vmx().given_l2(eptp=EPT12 | 0x5E)
        m.enter()
        m.run(f"store {L2_PAGE:#x}, 1")
        found.append(m.entry("ept12", DATA) >> 8 & 3)
    assert found == [0, 3]


def test_an_eptp_with_a_walk_of_three() -> None:
    found = []
    for name in (BEFORE, V6_12):
        m = Machine(name).given_vmx().given_l2(eptp=EPT12 | 0x16)
        found.append(results(m.enter()))
    assert found == [[], ["vmlaunch 7"]]
