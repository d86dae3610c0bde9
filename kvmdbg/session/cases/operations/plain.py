"""`nop`, `hlt`, `pause`: instructions without operands; `hlt through the emulator` of L0."""

from __future__ import annotations

from kvmdbg.errors import Unsupported
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.steps import Actor, Operation


@operation("nop", "hlt", "pause")
def plain(h: Harness, op: Operation, actor: Actor) -> None:
    """They read and write nothing."""
    if op.rest == "through the emulator":
        if not h.setup.config.force_emulation_prefix:
            raise Unsupported(f"{op.text}: without the forced emulation prefix of L0")
        h.player.inject(f"fep-{op.word}")
        return
    if op.operands:
        raise Unsupported(f"{op.text}: {op.word} takes no operand")
    h.player.inject(op.word)
