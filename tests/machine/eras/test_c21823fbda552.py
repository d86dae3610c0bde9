"""21823fbda552: MOV CR3 invalidates its PCID, in every cached root."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_a_kernel_without_it_answers_as_before() -> None:
    assert kernel("21823fbda552^").cr3_flush_is_by_pcid() is False


def test_a_kernel_with_it_does_not() -> None:
    assert kernel("21823fbda552").cr3_flush_is_by_pcid() is True
