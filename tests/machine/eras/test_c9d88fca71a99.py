"""9d88fca71a99: bit 63 of MOV CR3's operand is cleared."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.kvm.questions.address_spaces import NO_FLUSH_RESERVED


def test_a_kernel_without_it_answers_as_before() -> None:
    assert kernel("9d88fca71a99^").cr3_no_flush_bit() == NO_FLUSH_RESERVED
    assert kernel("9d88fca71a99^").cr3_must_name_memory() is True


def test_a_kernel_with_it_does_not() -> None:
    assert kernel("9d88fca71a99").cr3_no_flush_bit() != NO_FLUSH_RESERVED
    assert kernel("9d88fca71a99").cr3_must_name_memory() is False
