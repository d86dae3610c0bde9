"""d6174299365d: EFER.LME is a role bit."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.hw.controls import EFER_LME, EFER_NXE, EFER_SCE

BEFORE, AFTER = "d6174299365d^", "d6174299365d"


def test_the_question() -> None:
    assert [[kernel(name).efer_aftermath(0, bit).reset for bit in (EFER_LME, EFER_NXE, EFER_SCE)] for name in (BEFORE, AFTER)] == [
        [False, True, False], [True, True, False]]
