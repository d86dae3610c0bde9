"""82f0dd4b27b9: L1 may use APIC-register virtualization."""

from __future__ import annotations

import pytest

from kvm_support import Machine
from kvmdbg.machine.hw.capabilities import control_caps
from kvmdbg.machine.hw.controls import SEC_APIC_REGISTER_VIRT
from kvmdbg.machine.hw.state import Caps
from kvmdbg.machine.kvm.nested_checks import nested_caps

BEFORE, AFTER = "82f0dd4b27b9^", "82f0dd4b27b9"


@pytest.mark.parametrize(("name", "may"), [(BEFORE, False), (AFTER, True), ("v6.12", True)])
def test_whether_l1_may_virtualize_apic_registers(name: str, may: bool) -> None:
    kvm = Machine(name, Caps(apic_registers=True)).kvm
    assert bool(control_caps(nested_caps(kvm)).sec.allowed_1 & SEC_APIC_REGISTER_VIRT) == may
