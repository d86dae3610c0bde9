"""`cpuid`, `cpuid 1`, `cpuid leaf=7`: the instruction, and the register of the leaf in which cases look for bits."""

from __future__ import annotations

from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.operations.msr import read
from kvmdbg.session.cases.registers_read import LeafRead
from kvmdbg.session.cases.steps import Actor, Operation

REGISTERS: Final = {0x1: "ecx", 0x7: "ebx", 0x8000_0001: "edx"}


@operation("cpuid")
def cpuid(h: Harness, op: Operation, actor: Actor) -> LeafRead | None:
    """Without a leaf nothing is read."""
    leaves = [*op.plain, op.named("leaf", "eax")]
    texts = [text for text in leaves if text]
    if not op.operands:
        h.player.inject("cpuid")
        return None
    if len(texts) != 1 or len(op.operands) != 1:
        raise Unsupported(f"{op.text}: one leaf is read at a time")
    leaf = h.binding.number(texts[0])
    register = REGISTERS.get(leaf, "eax")
    value = read(h, f"cpuid {leaf:#x} {register}")
    return None if value is None else LeafRead(leaf, register, value)
