"""f087a02941fe: L1's CR3 is kept where a failed entry finds it."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_a_kernel_without_it_answers_as_before() -> None:
    assert kernel("f087a02941fe^").keeps_cr3_of_l1_in_vmcs01() is False


def test_a_kernel_with_it_does_not() -> None:
    assert kernel("f087a02941fe").keeps_cr3_of_l1_in_vmcs01() is True
