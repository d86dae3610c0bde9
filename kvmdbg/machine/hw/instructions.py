"""The catalogue of instructions, filled, and how a person writes one: `mov cr3, 0x2000`, `invvpid single-context 9`."""

from __future__ import annotations

import difflib
import re

from kvmdbg.catalog import open_drawer
from kvmdbg.errors import UserError
from kvmdbg.machine.hw.instruction import INSTRUCTIONS, Instruction
from kvmdbg.machine.hw.operands import parse_operand
from kvmdbg.machine.hw.state import Insn

__all__ = ["INSTRUCTIONS", "complete", "parse_insn"]

open_drawer("kvmdbg.machine.hw.insn")


def parse_insn(text: str) -> Insn:
    """The instruction that `text` names: a mnemonic and operands, separated by blanks or commas, in any case.

    raises: UserError for an unknown mnemonic, or an operand that is missing, wrong, or one too many.
    """
    words = _words(text)
    if not words:
        raise UserError("an instruction is missing", f"One of: {', '.join(INSTRUCTIONS.names())}.")
    entry = _entry(words[0])
    given = words[1:]
    if len(given) > len(entry.operands):
        raise UserError(f"{entry.name}: {given[len(entry.operands)]!r} is one operand too many", usage(entry))
    operands = tuple(parse_operand(entry.name, i, kind, given[i] if i < len(given) else None, usage(entry))
                     for i, kind in enumerate(entry.operands))
    if entry.assemble is not None:
        operands = entry.assemble(operands)
    return Insn(entry.name, operands, " ".join((entry.name, ", ".join(given))).strip(), entry.length)


def usage(entry: Instruction) -> str:
    """How to write it, as a hint."""
    return f"Write: {' or '.join(entry.forms)}."


def complete(text: str) -> list[str]:
    """Words that can stand where `text` ends: mnemonics, or values of the operand that is being written."""
    words = _words(text)
    if not text[-1:].strip(" \t,"):
        words.append("")
    if len(words) <= 1:
        return [name for name in INSTRUCTIONS.names() if name.startswith(words[0].lower() if words else "")]
    entry = INSTRUCTIONS.get(words[0].lower())
    if entry is None or len(words) - 2 >= len(entry.operands):
        return []
    return entry.operands[len(words) - 2].complete(words[-1])


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[,\s]+", text) if word]


def _entry(name: str) -> Instruction:
    entry = INSTRUCTIONS.get(name.lower())
    if entry is not None:
        return entry
    close = difflib.get_close_matches(name.lower(), INSTRUCTIONS.names(), n=1)
    hint = f"Did you mean {close[0]}?" if close else f"One of: {', '.join(INSTRUCTIONS.names())}."
    raise UserError(f"there is no instruction {name!r}", hint)
