"""41ab93727467: EPTP switching for L1."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_question() -> None:
    """E.6."""
    answers = [kernel(name).vm_functions_of_l1() for name in ("41ab93727467^", "41ab93727467", "v6.12")]
    assert answers == [0, 1, 1]
