"""e62f1aa8b930: the current root of an invalidated PCID is synced at the next entry."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_a_kernel_without_it_answers_as_before() -> None:
    assert kernel("e62f1aa8b930^").pcid_sync_is_a_request() is False


def test_a_kernel_with_it_does_not() -> None:
    assert kernel("e62f1aa8b930").pcid_sync_is_a_request() is True
