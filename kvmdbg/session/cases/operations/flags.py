"""`flags = 0x91`: the arithmetic flags before the next operation."""

from __future__ import annotations

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.outcome import ARITHMETIC_FLAGS
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.steps import Actor, Operation


@operation("flags")
def flags(h: Harness, op: Operation, actor: Actor) -> None:
    """As the number that they make in RFLAGS."""
    if op.plain[:1] != ("=",) or len(op.plain) < 2:
        raise Unsupported(f"{op.text}: a number")
    value = h.binding.number(" ".join(op.plain[1:]))
    if value & ~ARITHMETIC_FLAGS:
        raise Unsupported(f"{op.text}: arithmetic flags only, {ARITHMETIC_FLAGS:#x}")
    h.player.flags(value)
