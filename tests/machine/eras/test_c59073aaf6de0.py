"""59073aaf6de0: user space tells pending exceptions from injected ones."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_before_and_after() -> None:
    assert [kernel(name).has_exception_payload() for name in ("59073aaf6de0^", "59073aaf6de0", "v6.12")] == [False, True, True]
