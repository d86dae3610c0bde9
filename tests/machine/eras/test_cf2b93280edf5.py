"""f2b93280edf5: L1 may virtualize x2APIC mode."""

from __future__ import annotations

import pytest

from kvm_support import Machine
from kvmdbg.machine.hw.capabilities import control_caps
from kvmdbg.machine.hw.controls import SEC_VIRTUALIZE_X2APIC_MODE
from kvmdbg.machine.hw.state import Caps
from kvmdbg.machine.kvm.nested_checks import nested_caps

BEFORE, AFTER = "f2b93280edf5^", "f2b93280edf5"


@pytest.mark.parametrize(("name", "may"), [(BEFORE, False), (AFTER, True), ("v6.12", True)])
def test_whether_l1_may_virtualize_x2apic_mode(name: str, may: bool) -> None:
    kvm = Machine(name, Caps(x2apic_mode=True)).kvm
    assert bool(control_caps(nested_caps(kvm)).sec.allowed_1 & SEC_VIRTUALIZE_X2APIC_MODE) == may
