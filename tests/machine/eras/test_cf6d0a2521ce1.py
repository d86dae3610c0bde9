"""f6d0a2521ce1: a changed CR4.PCIDE unloads the MMU at once."""

from __future__ import annotations

import pytest

from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.hw.controls import CR4_PCIDE
from kvmdbg.machine.kvm.questions.control_registers import Aftermath

BEFORE, AFTER = "f6d0a2521ce1^", "f6d0a2521ce1"


@pytest.mark.parametrize(("name", "after"), [(BEFORE, Aftermath(requests=("MMU_RELOAD",))), (AFTER, Aftermath(unload=True))])
def test_a_changed_pcide(name: str, after: Aftermath) -> None:
    assert kernel(name).cr4_aftermath(0, CR4_PCIDE, False) == after
