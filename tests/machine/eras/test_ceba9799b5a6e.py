"""eba9799b5a6e: error codes in a VMCS have 16 bits."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_before_and_after() -> None:
    answers = [kernel(name).error_code_for_vmcs(0xDEADBEEF) for name in ("eba9799b5a6e^", "eba9799b5a6e", "v6.12")]
    assert answers == [0xDEADBEEF, 0xBEEF, 0xBEEF]
