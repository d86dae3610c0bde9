"""`mov crN ...`: change a control register: `mov cr4 (toggle MCE)`, `mov cr0 WP=0`, `mov cr4 LA57^1, PSE^1`, `mov cr3 (flush)`.

`mov ss`: the same selector once more, for the shadow that it makes.
"""

from __future__ import annotations

import re
from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.session.cases.base import bit_of
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.steps import Actor, Operation

TOGGLE: Final = re.compile(r"toggle (\w+)$")
ASSIGN: Final = re.compile(r"(\w+)=([01])$")
FLIP: Final = re.compile(r"(\w+)\^1$")
INTERCEPTED: Final = "intercepted"
SAME: Final = ("flush", "same value", INTERCEPTED)


@operation("mov")
def mov(h: Harness, op: Operation, actor: Actor) -> None:
    """Reads the register first: that is what software does to change one bit."""
    register, *rest = op.plain or ("",)
    if register == "ss" and not rest:
        if h.level == 1:
            h.skip_instruction()             # before the shadow, which a VMWRITE behind it would end
            h.rip_told = True
        h.player.inject(f"mov ss, {h.kvm.cpu(h.vcpu).descriptors.ss.selector:#x}")
        return
    if register not in ("cr0", "cr3", "cr4"):
        raise Unsupported(f"{op.text}: only moves to cr0, cr3, cr4 and ss are done")
    if op.aside or op.operands[1:2] and len(rest) != 1 or rest == [register] or FLIP.match(rest[0] if rest else ""):
        h.player.inject(f"mov rax, {register}")
    value = changed(h, op, register, rest, h.rax)
    h.player.inject(f"mov {register}, {value:#x}")
    if op.aside == INTERCEPTED:
        require_exit(h, op)


def require_exit(h: Harness, op: Operation) -> None:
    """raises: Unsupported where the instruction that was executed last did not exit."""
    if h.vcpu.exit_insn.name != op.word:
        raise Unsupported(f"{op.text}: nobody intercepts it here")


def changed(h: Harness, op: Operation, register: str, rest: list[str], old: int) -> int:
    """The new value.  raises: Unsupported for words that say something else."""
    if not rest and (op.aside in SAME) or rest == [register]:
        return old
    if len(rest) == 1 and not op.aside and not FLIP.match(rest[0]):
        return h.binding.number64(rest[0])
    changes = [*rest, *(f"{operand.key}={operand.value}" for operand in op.operands if operand.key),
               *(part.strip() for part in op.aside.split(",") if part.strip())]
    if not changes:
        raise Unsupported(f"{op.text}: no value is given")
    for change in changes:
        old = _one(op, register, change, old)
    return old


def _one(op: Operation, register: str, change: str, value: int) -> int:
    if match := TOGGLE.match(change) or FLIP.match(change):
        return value ^ bit_of(register, match[1])
    if match := ASSIGN.match(change):
        bit = bit_of(register, match[1])
        return value | bit if match[2] == "1" else value & ~bit
    raise Unsupported(f"{op.text}: {change}")
