"""ddd6f0e94d31: the access that EPT12 forbids is the one that is being made."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel

BEFORE, AFTER = kernel("ddd6f0e94d31^"), kernel("ddd6f0e94d31")


def test_the_question() -> None:
    assert [era.ept_fault_of_the_emulator(1, True, 0, 0x18A) for era in (BEFORE, AFTER)] == [0x182, 0x181]
