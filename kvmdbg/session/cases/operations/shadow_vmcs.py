"""VMCS shadowing: `VMREAD bitmap bit 1, VMWRITE bitmap bit 0`, `shadow field = VALUE`, `read field f of the shadow VMCS`.

`f` is the field that the case is about; steps.py tells these steps from others that begin with the same word.
"""

from __future__ import annotations

import re
from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.session.cases import binding, field_names
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.steps import BITMAP_BITS, SHADOW_FIELD, Actor, Operation

BITMAPS: Final = {"VMREAD": binding.VMREAD_BITMAP, "VMWRITE": binding.VMWRITE_BITMAP}
ONE_BIT: Final = re.compile(r"(?:the )?(VMREAD|VMWRITE|both) bitmap bits?(?: (?:of|for) (?:field )?(\w+))?(?: =)? ([01])")
CHANGE: Final = re.compile(r"(set|clear) (?:the )?(VMREAD|VMWRITE|both) bitmap bits?(?: (?:of|for) (?:field )?(\w+))?")
WRITTEN: Final = re.compile(r"shadow field(?: (\w+))? = (.+)|"
                            r"(?:vm)?write (?:the )?(?:field )?(\w+) (?:of|in|to) the shadow VMCS (?:value |= )?(.+)")
READ: Final = re.compile(r"(?:vm)?read (?:the )?(?:field )?(\w+) (?:of|in|from) the shadow VMCS")


@operation(BITMAP_BITS, actors=("L1",))
def bitmap_bits(h: Harness, op: Operation, actor: Actor) -> None:
    """In L1's memory; vmcs12 names the two pages from the beginning."""
    if match := CHANGE.fullmatch(op.text):
        set_bits(h, match[2], match[3], match[1] == "set")
        return
    for part in re.split(r",\s*|\s+and\s+", op.text):
        one = ONE_BIT.fullmatch(part.strip())
        if one is None:
            raise Unsupported(f"{op.text}: only bits of the VMREAD and the VMWRITE bitmap")
        set_bits(h, one[1], one[2], one[3] == "1")


@operation(SHADOW_FIELD, actors=("L1",))
def shadow_field(h: Harness, op: Operation, actor: Actor) -> int:
    """Written or read by L1 itself, which makes the shadow VMCS current for it; `the shadow value` is what the field kept."""
    wrote, read = WRITTEN.fullmatch(op.text), READ.fullmatch(op.text)
    match = wrote or read
    if match is None:
        raise Unsupported(f"{op.text}: a field of the shadow VMCS is written or read")
    word = field_names.word(field_of(h, match[1] or (wrote[3] if wrote else "")))
    current = h.vcpu.current_vmptr
    h.player.inject(f"vmptrld {binding.SHADOW_VMCS:#x}")
    if wrote:
        h.player.inject(f"vmwrite {word}, {h.binding.number64(wrote[2] or wrote[4]):#x}")
    h.player.inject(f"vmread {word}")
    value = h.rax
    if wrote:
        h.shadow_value = value
    h.player.inject(f"vmptrld {current:#x}")
    return value


def set_bits(h: Harness, which: str, name: str | None, on: bool) -> None:
    """The field's bit in one bitmap, or in both."""
    for bitmap in BITMAPS.values() if which == "both" else (BITMAPS[which],):
        set_bit(h, bitmap, field_of(h, name), on)


def field_of(h: Harness, name: str | None) -> int:
    """The encoding of a field by name; `f`, and no name, is the field that the case is about."""
    if name and name != "f":
        return field_names.encoding(name)
    if not h.field:
        raise Unsupported("f: the case names no field")
    return field_names.encoding(h.field)


def set_bit(h: Harness, bitmap: int, encoding: int, on: bool) -> None:
    """The bit of a field in one of the bitmaps."""
    cell, bit = bitmap + encoding // 64 * 8, 1 << encoding % 64
    old = h.peek(cell)
    h.player.poke(cell, old | bit if on else old & ~bit)
