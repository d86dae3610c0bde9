"""96b067b59ad9: an EPT violation that the emulator runs into says of itself what it was about."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel

BEFORE, AFTER = kernel("96b067b59ad9^"), kernel("96b067b59ad9")


def test_the_question() -> None:
    """A read of memory by OUTS, and a table on its way; the exit is that of the I/O instruction."""
    assert [era.ept_fault_of_the_emulator(1, True, 0x80_0010, 0) for era in (BEFORE, AFTER)] == [1, 0x181]
    assert [era.ept_fault_of_the_emulator(3, False, 0x80_0010, 0) for era in (BEFORE, AFTER)] == [3, 0x83]
    assert [era.ept_fault_of_the_emulator(2, True, 0x80_0018, 0) for era in (BEFORE, AFTER)] == [3, 0x182]
