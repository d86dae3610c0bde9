"""vmfunc."""

from __future__ import annotations

from casework import harness, operation, said
from kvmdbg.session.cases.operations.vmfunc import vmfunc


def test_function_and_index() -> None:
    h = harness()
    start = len(h.player.lines)
    vmfunc(h, *operation("L1: vmfunc eax=0 ecx=512"))
    assert said(h, start) == ["inject vmfunc 0x0, 0x200"]
