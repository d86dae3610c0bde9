"""546e8398bc66: numbers beyond 63 are #UD."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_question() -> None:
    """E.6: E21 shifts by the low six bits."""
    answers = [kernel(name).vmfunc_verdict(64, 1, True) for name in ("546e8398bc66^", "546e8398bc66", "v6.12")]
    assert answers == ["emulate", "#UD", "#UD"]
