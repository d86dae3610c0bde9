"""e45e9e3998f0: invalidating a PCID flushes the guest's view where it has EPT."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_a_kernel_without_it_answers_as_before() -> None:
    assert kernel("e45e9e3998f0^").pcid_flush_with_tdp_is_for_the_guest() is False
    assert kernel("e45e9e3998f0^").every_root_has_pcid_0_without_pcide() is True


def test_a_kernel_with_it_does_not() -> None:
    assert kernel("e45e9e3998f0").pcid_flush_with_tdp_is_for_the_guest() is True
    assert kernel("e45e9e3998f0").every_root_has_pcid_0_without_pcide() is False
