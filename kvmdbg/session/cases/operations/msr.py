"""`rdmsr NAME`, `wrmsr NAME value`, `rdtsc`: model-specific registers; `now`, `own TSC`: the counter of the level that acts.

`read the VMX capability MSRs`: all of them that the level has.
"""

from __future__ import annotations

import re
from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw import capabilities, controls
from kvmdbg.session.cases import msr_names, seen
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.registers_read import MsrRead, MsrsRead
from kvmdbg.session.cases.steps import CAPABILITY_MSRS, Actor, Operation

NOW: Final = re.compile(r"\b(?:now|own TSC|the TSC|TSC)\b")
NAMES: Final = {"NX": "NXE"}              # of EFER, as the kernel and the suites call it
BIT: Final = re.compile(r"(\w+)=([01])")
OLD: Final = re.compile(r"\bold(?: value)?\b")


@operation("rdmsr")
def rdmsr(h: Harness, op: Operation, actor: Actor) -> MsrRead | None:
    """What RAX holds afterwards; nothing where the instruction faults or exits."""
    if len(op.plain) != 1 or len(op.operands) != 1:
        raise Unsupported(f"{op.text}: one register is read at a time")
    number = msr_names.number(op.plain[0])
    value = read(h, f"rdmsr {msr_names.word(number)}")
    return None if value is None else MsrRead(number, value)


@operation(CAPABILITY_MSRS, actors=("L1",))
def read_capabilities(h: Harness, op: Operation, actor: Actor) -> MsrsRead:
    """One after the other."""
    found = [(number, read(h, f"rdmsr {name}")) for name, number in capabilities.NUMBERS.items()]
    return MsrsRead(tuple((number, value) for number, value in found if value is not None))


@operation("wrmsr")
def wrmsr(h: Harness, op: Operation, actor: Actor) -> None:
    """The value is an expression; bits by name (`EFER NXE=0`) change what the register holds."""
    if not op.operands or op.operands[0].key:
        raise Unsupported(f"{op.text}: a register and a value")
    name = msr_names.word(msr_names.number(op.operands[0].value))
    h.player.inject(f"wrmsr {name}, {value_of(h, op, name):#x}")


@operation("rdtsc", "rdtscp")
def rdtsc(h: Harness, op: Operation, actor: Actor) -> int | None:
    """The counter of the level that acts."""
    if op.operands:
        raise Unsupported(f"{op.text}: it takes no operand")
    return read(h, op.word)


def read(h: Harness, text: str) -> int | None:
    """Execute an instruction that reads into RAX: the value, None where it did not complete."""
    start = h.player.position
    h.player.inject(text)
    ended = seen.read(event for _, event in h.kvm.tape.events(start)).kind
    return h.rax if ended in (seen.RUNS, seen.NOTHING) else None


def value_of(h: Harness, op: Operation, name: str) -> int:
    """The 64 bits that `op` writes.  raises: Unsupported for words that are no value."""
    rest = op.operands[1:]
    if rest and all(operand.key for operand in rest):
        value = counter_or(h, f"rdmsr {name}", op)
        for operand in rest:
            value = with_bit(op, name, f"{operand.key}={operand.value}", value)
        return value
    text = " ".join(operand.value for operand in rest)
    if OLD.search(text):
        text = OLD.sub(hex(counter_or(h, f"rdmsr {name}", op)), text)
    if NOW.search(text):
        text = NOW.sub(hex(counter_or(h, "rdtsc", op)), text)
    return h.binding.signed64(text)


def counter_or(h: Harness, text: str, op: Operation) -> int:
    """What an instruction reads before the write.  raises: Unsupported where it does not complete."""
    value = read(h, text)
    if value is None:
        raise Unsupported(f"{op.text}: {text} does not complete here")
    return value


def with_bit(op: Operation, name: str, change: str, value: int) -> int:
    """A named bit of the register."""
    match = BIT.fullmatch(change)
    called = "" if match is None else NAMES.get(match[1], match[1])
    bit = getattr(controls, f"{name.removeprefix('IA32_')}_{called}", None)
    if match is None or bit is None:
        raise Unsupported(f"{op.text}: {change}: no bit of the register that the model knows")
    return value | int(bit) if match[2] == "1" else value & ~int(bit)
