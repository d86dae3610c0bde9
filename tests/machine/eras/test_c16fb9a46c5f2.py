"""16fb9a46c5f2: L2's guest state is checked with vmcs02 loaded."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel

BEFORE, AFTER = "16fb9a46c5f2^", "16fb9a46c5f2"


def test_the_question() -> None:
    assert [kernel(name).checks_guest_state_before_the_switch() for name in (BEFORE, AFTER)] == [True, False]
