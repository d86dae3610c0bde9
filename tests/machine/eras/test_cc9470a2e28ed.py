"""c9470a2e28ed: PCIDs for guests whose page tables are shadowed."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_a_kernel_without_it_answers_as_before() -> None:
    assert kernel("c9470a2e28ed^").pcid_without_tdp() is False


def test_a_kernel_with_it_does_not() -> None:
    assert kernel("c9470a2e28ed").pcid_without_tdp() is True
