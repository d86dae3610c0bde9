"""a9466078687f: the qualification of an EPT violation belongs to the fault, no longer to the vCPU."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel

BEFORE, AFTER = kernel("a9466078687f^"), kernel("a9466078687f")


def test_the_questions() -> None:
    assert [era.keeps_the_ept_qualification() for era in (BEFORE, AFTER)] == [True, False]
    assert [era.ept_fault_of_the_emulator(1, True, 0, 0x18A) for era in (BEFORE, AFTER)] == [0x181, 1]
