"""c7c2c709b60e: a vmcs12 with CR3-target values is refused: L1 is offered none."""

from __future__ import annotations

import pytest

from kvm_support import Machine, results
from kvmdbg.machine.eras.versions import kernel

BEFORE, AFTER = "c7c2c709b60e^", "c7c2c709b60e"


@pytest.mark.parametrize(("name", "result"), [(BEFORE, []), (AFTER, ["vmlaunch 7"]), ("v6.12", ["vmlaunch 7"])])
def test_a_vmcs12_with_a_cr3_target(name: str, result: list[str]) -> None:
    m = Machine(name).given_vmx().given_l2(CR3_TARGET_COUNT=1)
    assert kernel(name).checks_cr3_target_count() == bool(result)
    assert results(m.enter()) == result
