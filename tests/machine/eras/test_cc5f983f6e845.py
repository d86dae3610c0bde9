"""c5f983f6e845: L1 may use page-modification logging."""

from __future__ import annotations

import pytest

from kvm_support import Machine
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.hw.capabilities import control_caps
from kvmdbg.machine.hw.controls import SEC_ENABLE_PML
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.state import Caps
from kvmdbg.machine.kvm.nested_checks import nested_caps

BEFORE, AFTER = "c5f983f6e845^", "c5f983f6e845"


@pytest.mark.parametrize(("name", "may"), [(BEFORE, False), (AFTER, True), ("v6.12", True)])
def test_whether_l1_may_log_page_modifications(name: str, may: bool) -> None:
    kvm = Machine(name, Caps()).kvm
    assert bool(control_caps(nested_caps(kvm)).sec.allowed_1 & SEC_ENABLE_PML) == may


def test_vmcs12_has_no_field_for_it_before() -> None:
    found = [kernel(name).vmcs12_has(F.PML_ADDRESS) for name in ("v3.2", "c5f983f6e845^", "c5f983f6e845", "v6.12")]
    assert found == [False, False, True, True]
