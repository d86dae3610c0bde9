"""ed2351174e38: user space saves and restores a pending triple fault."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_before_and_after() -> None:
    assert [kernel(name).has_triple_fault_event() for name in ("ed2351174e38^", "ed2351174e38", "v6.12")] == [False, True, True]
