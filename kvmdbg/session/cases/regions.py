"""Operands of VMXON, VMPTRLD and VMCLEAR: a region by name, what it begins with, or any address; in memory where a step says so."""

from __future__ import annotations

import re
from typing import Final

from kvmdbg.machine.hw.vmcs import SHADOW_INDICATOR, VMCS_REVISION
from kvmdbg.session.cases import binding
from kvmdbg.session.cases.harness import Harness

REGIONS: Final = (binding.VMCS_A, binding.VMCS_B, binding.VMCS_C)
IN_MEMORY: Final = re.compile(r"(?:(.*?) in )?memory")
RIGHT: Final = re.compile(r"(?:a )?region (?:of 4K )?with the right revision")
WRONG: Final = re.compile(r"(?:a )?region with (?:another|a wrong|the wrong|a bad) revision")
REVISION: Final = re.compile(r"(?:(?:a |the )?region with )?revision\b ?(.*)")
ZEROED: Final = ("a zeroed region", "a region of zeros")
SHADOW: Final = re.compile(r"(?:a |the )?(?:cleared )?shadow VMCS")


def operand(h: Harness, text: str, region: int, other: int) -> str:
    """What follows the mnemonic.

    text: as a step has it; "" is `region`.  other: the region whose beginning is changed, which need not be the current one.
    raises: Unsupported for words that name none.
    """
    in_memory = IN_MEMORY.fullmatch(text)
    pointer = place(h, (in_memory[1] or "") if in_memory else text, region, other)
    if not in_memory:
        return f"{pointer:#x}"
    h.player.poke(binding.DESCRIPTOR, pointer)
    return f"@{binding.DESCRIPTOR:#x}"


def names(text: str) -> bool:
    """Do the words name a region and say how it begins?"""
    return text in ZEROED or any(pattern.fullmatch(text) for pattern in (RIGHT, SHADOW, WRONG, REVISION))


def place(h: Harness, text: str, region: int, other: int) -> int:
    """The address that the words name; a region of ours gets a revision identifier if L1 has not put one there yet."""
    if not text or RIGHT.fullmatch(text):
        return begin(h, region, VMCS_REVISION)
    if SHADOW.fullmatch(text):
        return begin(h, binding.SHADOW_VMCS, VMCS_REVISION | SHADOW_INDICATOR)
    if WRONG.fullmatch(text):
        return begin(h, other, VMCS_REVISION ^ 1, always=True)
    if text in ZEROED:
        return begin(h, other, 0, always=True)
    if match := REVISION.fullmatch(text):
        return begin(h, other, h.binding.number(f"{VMCS_REVISION} {match[1]}"), always=True)
    pointer = h.binding.number64(text)
    return begin(h, pointer, VMCS_REVISION) if pointer in REGIONS else pointer


def begin(h: Harness, region: int, first: int, always: bool = False) -> int:
    """Give the region its first 64 bits, unless it has some; the region."""
    if always or not h.peek(region):
        h.player.poke(region, first)
    return region
