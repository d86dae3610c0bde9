"""`CR4.VMXE = 0`, `a CR0 bit demanded by FIXED0 cleared (not PE, PG)`, `a bit forbidden by FIXED1 set`: L1 before its VMXON."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw import controls
from kvmdbg.session.cases import seen
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.operations.msr import read
from kvmdbg.session.cases.steps import CONTROL_BIT, Actor, Operation

ASSIGNED: Final = re.compile(r"(CR[04])\.([A-Z0-9]+) = ([01])")
FIXED: Final = re.compile(
    r"an? (?:(CR[04]) )?bit (?:(demanded) by FIXED0 cleared|forbidden by FIXED1 set)(?: \(not ([A-Z0-9, ]+)\))?")
MASK_64: Final = 0xFFFF_FFFF_FFFF_FFFF


@operation(CONTROL_BIT, actors=("L1",))
def control_bit(h: Harness, op: Operation, actor: Actor) -> None:
    """Only a bit that MOV accepts is tried, as in the suites; where it accepts none of them, that MOV faults is remembered."""
    if match := ASSIGNED.fullmatch(op.text):
        move(h, match[1], named(op, match[1], match[2]), match[3] == "1")
        return
    fixed = FIXED.fullmatch(op.text)
    if fixed is None:
        raise Unsupported(f"{op.text}: no bit that is known by these words")
    registers = (fixed[1],) if fixed[1] else ("CR0", "CR4")
    candidates = [(register, bit) for register in registers for bit in bits(h, op, register, fixed)]
    if not candidates:
        raise Unsupported(f"{op.text}: this processor has none")
    for register, bit in candidates:
        if move(h, register, bit, on=not fixed[2]):
            return
    h.refused = h.player.lines[-1].removeprefix("inject ")


def bits(h: Harness, op: Operation, register: str, fixed: re.Match[str]) -> Iterator[int]:
    """What IA32_VMX_CRn_FIXED0 demands, or FIXED1 forbids, as L1 reads it; without the bits that the step leaves out."""
    which = "FIXED0" if fixed[2] else "FIXED1"
    value = read(h, f"rdmsr IA32_VMX_{register}_{which}")
    if value is None:
        raise Unsupported(f"{op.text}: L1 cannot read IA32_VMX_{register}_{which}")
    spared = sum(named(op, register, name.strip()) for name in (fixed[3] or "").split(",") if name.strip())
    mask = (value if fixed[2] else ~value & MASK_64) & ~spared
    return (1 << number for number in range(64) if mask >> number & 1)


def named(op: Operation, register: str, name: str) -> int:
    """A bit by its name.  raises: Unsupported."""
    bit = getattr(controls, f"{register}_{name}", None)
    if bit is None:
        raise Unsupported(f"{op.text}: {register}.{name}: no bit of the model")
    return int(bit)


def move(h: Harness, register: str, bit: int, on: bool) -> bool:
    """Read the register, change the bit, write it: did the write go through?"""
    h.player.inject(f"mov rax, {register.lower()}")
    start = h.player.position
    h.player.inject(f"mov {register.lower()}, {h.rax | bit if on else h.rax & ~bit:#x}")
    return seen.read(event for _, event in h.kvm.tape.events(start)).kind != seen.FAULT
