"""cd0e615c49e5: an L2 in a state that the processor does not enter is shut down."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_before_and_after() -> None:
    answers = [kernel(name).shuts_down_an_l2_in_invalid_state() for name in ("cd0e615c49e5^", "cd0e615c49e5", "v6.12")]
    assert answers == [False, True, True]
