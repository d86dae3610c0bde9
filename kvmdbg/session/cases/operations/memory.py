"""`load`, `store`, `fetch`, `fetch_user`: one access at `gva=` or `gpa=`, or at a linear address."""

from __future__ import annotations

from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.steps import Actor, Operation

CODE_OFFSET: Final = 8           # the code that a fetch meets lies 8 bytes into the page, as in kvm-unit-tests' EPT tests
STORED: Final = 0x5A5A


@operation("load")
def load(h: Harness, op: Operation, actor: Actor) -> int:
    """What was read."""
    h.player.inject(f"load {address(h, op, actor):#x}")
    return h.rax


@operation("store")
def store(h: Harness, op: Operation, actor: Actor) -> None:
    """It stores a fixed value."""
    h.player.inject(f"store {address(h, op, actor):#x}, {STORED:#x}")


@operation("fetch", "fetch_user")
def fetch(h: Harness, op: Operation, actor: Actor) -> None:
    """Every linear address that the harness maps is one of user mode, so the two words do the same."""
    h.player.inject(f"fetch {address(h, op, actor) + (CODE_OFFSET if op.named('gpa') else 0):#x}")


def address(h: Harness, op: Operation, actor: Actor) -> int:
    """The linear address of an access; a guest-physical one is reached through L2's own tables."""
    gva, gpa = op.named("gva"), op.named("gpa")
    if gva or len(op.operands) == 1 and op.plain:
        return h.binding.number64(gva or op.plain[0])
    if not gpa or len(op.operands) != 1:
        raise Unsupported(f"{op.text}: one access at gva=, gpa= or an address")
    if actor.name != "L2":
        raise Unsupported(f"{op.text}: guest-physical accesses are L2's")
    return h.touch(h.binding.number64(gpa))
