"""28f28d453ffc: INVPCID of all contexts is a flush for the guest."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_a_kernel_without_it_answers_as_before() -> None:
    assert kernel("28f28d453ffc^").invpcid_all() == "MMU_RELOAD"


def test_a_kernel_with_it_does_not() -> None:
    assert kernel("28f28d453ffc").invpcid_all() != "MMU_RELOAD"
