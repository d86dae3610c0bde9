"""d81135a57aa6: CR0.CD and CR0.NW no longer reset the MMU."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.hw.controls import CR0_CD

BEFORE, AFTER = "d81135a57aa6^", "d81135a57aa6"


def test_cd() -> None:
    assert [kernel(name).cr0_aftermath(0, CR0_CD, True).reset for name in (BEFORE, AFTER)] == [True, False]
