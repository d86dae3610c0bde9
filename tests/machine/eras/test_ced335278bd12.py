"""ed335278bd12: INVLPG syncs the SPTE of its address."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_a_kernel_without_it_answers_as_before() -> None:
    assert kernel("ed335278bd12^").invlpg_syncs_the_spte() is False


def test_a_kernel_with_it_does_not() -> None:
    assert kernel("ed335278bd12").invlpg_syncs_the_spte() is True
