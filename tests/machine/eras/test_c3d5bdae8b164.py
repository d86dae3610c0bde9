"""3d5bdae8b164: INVVPID of L1 flushes vpid01 where L2 runs on it."""

from __future__ import annotations

import pytest

from kvm_support import V6_12, Machine, flushes
from kvmdbg.machine.eras.versions import kernel

BEFORE, AFTER = "3d5bdae8b164^", "3d5bdae8b164"


def test_the_question() -> None:
    assert [kernel(name).invvpid_uses_vpid01_without_vpid02() for name in (BEFORE, AFTER)] == [False, True]


@pytest.mark.parametrize(("name", "expected"), [(f"{V6_12} -3d5bdae8b164", []), (V6_12, ["invvpid single-context 1"])])
def test_invvpid_of_l1_without_a_vpid02(name: str, expected: list[str]) -> None:
    m = Machine(name).start()
    m.run("vmcall")
    m.vcpu.vpid02 = 0
    assert flushes(m.run("invvpid 1, 1")) == expected
