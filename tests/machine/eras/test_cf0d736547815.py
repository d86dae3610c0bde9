"""f0d736547815: VPID 0 in vmcs12 is refused."""

from __future__ import annotations

from kvm_support import V4_4, V6_12, Machine, results
from kvmdbg.machine.eras.versions import kernel

BEFORE = "v6.12 -f0d736547815"


def test_the_question() -> None:
    assert [kernel(name).checks_vpid12_not_zero() for name in (V4_4, BEFORE, V6_12)] == [False, False, True]


def test_an_entry_with_vpid12_0() -> None:
    found = []
    for name in (BEFORE, V6_12):
        m = Machine(name).given_vmx().given_l2(vpid=0)
        found.append((results(m.enter()), m.cpu.vpid))
    assert found == [([], 2), (["vmlaunch 7"], 1)]
