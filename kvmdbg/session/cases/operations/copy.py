"""`copy the region A to B`: L1 copies a page of its memory, without any VMX instruction."""

from __future__ import annotations

import re
from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.steps import Actor, Operation

PHRASE: Final = re.compile(r"(?:the )?(?:region |page |memory of )?(.+?) to (?:the )?(?:region |page )?(.+)")
PAGE: Final = 0x1000


@operation("copy", actors=("L1",))
def copy(h: Harness, op: Operation, actor: Actor) -> None:
    """Cells that are the same already are not written."""
    match = PHRASE.fullmatch(op.rest)
    if match is None:
        raise Unsupported(f"{op.text}: only one region to another")
    source, target = (h.binding.number64(name) for name in match.groups())
    for offset in range(0, PAGE, 8):
        value = h.peek(source + offset)
        if value != h.peek(target + offset):
            h.player.poke(target + offset, value)
