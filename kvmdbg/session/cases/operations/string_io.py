"""`outs gva=V`, `ins gva=V`, `in`, `out`: one access to an I/O port of which nobody in the case says more."""

from __future__ import annotations

from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.operations.memory import address
from kvmdbg.session.cases.steps import Actor, Operation

PORT: Final = 0x80                        # where nothing listens
ASIDES: Final = ("", "read", "write")     # what a string instruction does to memory
WRITTEN: Final = 0x5A


@operation("outs", "ins")
def string_io(h: Harness, op: Operation, actor: Actor) -> None:
    """A byte between memory and the port."""
    if op.aside not in ASIDES:
        raise Unsupported(f"{op.text}: {op.aside}")
    h.player.inject(f"{op.word} {PORT:#x}, {address(h, op, actor):#x}")


@operation("in", "out")
def port_io(h: Harness, op: Operation, actor: Actor) -> int | None:
    """`port=`, or a number alone, names another port, `size=` more bytes than one; what a read gave."""
    if len(op.plain) > 1 or not {operand.key for operand in op.operands} <= {"", "port", "size"}:
        raise Unsupported(f"{op.text}: only port= and size=")
    port, size = h.binding.number64(op.named("port") or "".join(op.plain) or hex(PORT)), op.named("size") or "1"
    h.player.inject(f"in {port:#x}, {size}" if op.word == "in" else f"out {port:#x}, {WRITTEN:#x}, {size}")
    return h.rax if op.word == "in" else None
