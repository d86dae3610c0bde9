"""`save`, `restore`, `save/restore while in L2`: user space moves the vCPU into a new VM."""

from __future__ import annotations

from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.steps import Actor, Operation

WHERE: Final = ("", "while in L2", "in L2")           # the harness has brought L2 to run
HALVES: Final = {"save": ("save",), "restore": ("restore",), "save/restore": ("save", "restore")}


@operation("save", "restore", "save/restore", actors=("L0.user", "host"))
def migrate(h: Harness, op: Operation, actor: Actor) -> str:
    """What the last ioctl returned."""
    if op.rest not in WHERE:
        raise Unsupported(f"{op.text}: only the vCPU as it is, or while in L2")
    for half in HALVES[op.word]:
        h.player.host(half)
    return "ok"
