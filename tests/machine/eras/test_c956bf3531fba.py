"""956bf3531fba: bit 63 of MOV CR3's operand is honoured."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.kvm.questions.address_spaces import NO_FLUSH_IGNORED


def test_a_kernel_without_it_answers_as_before() -> None:
    assert kernel("956bf3531fba^").cr3_no_flush_bit() == NO_FLUSH_IGNORED


def test_a_kernel_with_it_does_not() -> None:
    assert kernel("956bf3531fba").cr3_no_flush_bit() != NO_FLUSH_IGNORED
