"""705699a13994: L1 may have posted interrupts processed."""

from __future__ import annotations

import pytest

from kvm_support import Machine
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.hw.capabilities import control_caps
from kvmdbg.machine.hw.controls import PIN_POSTED_INTERRUPTS
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.state import Caps
from kvmdbg.machine.kvm.nested_checks import nested_caps

BEFORE, AFTER = "705699a13994^", "705699a13994"


@pytest.mark.parametrize(("name", "may"), [(BEFORE, False), (AFTER, True), ("v6.12", True)])
def test_whether_l1_may_post_interrupts(name: str, may: bool) -> None:
    kvm = Machine(name, Caps(posted_interrupts=True)).kvm
    assert bool(control_caps(nested_caps(kvm)).pin.allowed_1 & PIN_POSTED_INTERRUPTS) == may


def test_vmcs12_has_no_field_for_it_before() -> None:
    found = [kernel(name).vmcs12_has(F.POSTED_INTR_NV) for name in ("v3.2", "705699a13994^", "705699a13994", "v6.12")]
    assert found == [False, False, True, True]
