"""8fcc4b5923af: the ioctls for nested state."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_question() -> None:
    """E.7."""
    assert [kernel(name).has_nested_state_ioctls() for name in ("8fcc4b5923af^", "8fcc4b5923af", "v6.12")] == [False, True, True]
