"""d74fcfc1f0ff: CR4.LA57 cannot change under the feet of 64-bit mode."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_question() -> None:
    assert [kernel(name).keeps_la57_in_long_mode() for name in ("d74fcfc1f0ff^", "d74fcfc1f0ff")] == [False, True]
