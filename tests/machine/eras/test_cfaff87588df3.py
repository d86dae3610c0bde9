"""faff87588df3: INVLPG flushes one address."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_a_kernel_without_it_answers_as_before() -> None:
    assert kernel("faff87588df3^").invlpg_flushes_one_address() is False


def test_a_kernel_with_it_does_not() -> None:
    assert kernel("faff87588df3").invlpg_flushes_one_address() is True


def test_every_invlpg_was_counted_before_it_too() -> None:
    answers = [kernel(name).counts_invlpg_of_no_address() for name in ("faff87588df3^", "faff87588df3")]
    assert answers == [True, False]          # False until 5efac0741ce2
