"""552617382c19: CR4.PCIDE no longer resets the MMU."""

from __future__ import annotations

import pytest

from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.hw.controls import CR4_PCIDE
from kvmdbg.machine.kvm.questions.control_registers import Aftermath

BEFORE, AFTER = "552617382c19^", "552617382c19"


@pytest.mark.parametrize(("old", "new", "before", "after"), [
    (CR4_PCIDE, 0, Aftermath(reset=True), Aftermath(requests=("MMU_RELOAD",))),
    (0, CR4_PCIDE, Aftermath(), Aftermath(requests=("MMU_RELOAD",)))])
def test_a_changed_pcide(old: int, new: int, before: Aftermath, after: Aftermath) -> None:
    assert [kernel(name).cr4_aftermath(old, new, False) for name in (BEFORE, AFTER)] == [before, after]
