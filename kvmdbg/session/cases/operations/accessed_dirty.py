"""`clear A/D in both PTEs, no flush`, `read A/D of both PTEs`: the flags of leaf entries as a probe for walks."""

from __future__ import annotations

import re
from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw import paging
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.steps import Actor, Operation

FLAGS: Final = paging.A | paging.D
PHRASE: Final = re.compile(r"A/D (?:bits )?(?:in|of) (?:both PTEs|the PTEs|all PTEs|(?:the )?PTE of (\S+))(?: no flush)?")


@operation("clear", at_once=True)
def clear(h: Harness, op: Operation, actor: Actor) -> None:
    """In memory only, without any invalidation."""
    for page in pages(h, op):
        _, entry = h.player.entry(actor.name, page)
        h.player.set_entry(actor.name, page, entry & ~FLAGS)


@operation("read", at_once=True)
def read(h: Harness, op: Operation, actor: Actor) -> dict[int, int]:
    """Page -> its A and D flags."""
    return {page: h.player.entry(actor.name, page)[1] & FLAGS for page in pages(h, op)}


def pages(h: Harness, op: Operation) -> tuple[int, ...]:
    """The pages that the step means: those of the set-up, or the one that it names."""
    match = PHRASE.fullmatch(op.rest)
    if match is None or not match[1] and not h.setup.layout.identity:
        raise Unsupported(f"{op.text}: only A/D of the PTEs that the set-up names")
    return (h.binding.number64(match[1]),) if match[1] else h.setup.layout.identity
