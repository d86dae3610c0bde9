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
ONE_BIT: Final = re.compile(r"(VMREAD|VMWRITE) bitmap bit (?:= ?)?([01])")
CHANGE: Final = re.compile(r"(set|clear) (?:(both)|(?:the )?(VMREAD|VMWRITE)) bitmap bits?(?: (?:of|for) (?:field )?(\w+))?")
WRITTEN: Final = re.compile(r"shadow field(?: (\w+))? = (.+)")
READ: Final = re.compile(r"read (?:the )?field (\w+) of the shadow VMCS")


@operation(BITMAP_BITS, actors=("L1",))
def bitmap_bits(h: Harness, op: Operation, actor: Actor) -> None:
    """In L1's memory; vmcs12 names the two pages from the beginning."""
    if match := CHANGE.fullmatch(op.text):
        for name in BITMAPS if match[2] else (match[3],):
            set_bit(h, BITMAPS[name], field_of(h, match[4]), match[1] == "set")
        return
    for part in re.split(r",\s*|\s+and\s+", op.text):
        one = ONE_BIT.fullmatch(part.strip())
        if one is None:
            raise Unsupported(f"{op.text}: only bits of the VMREAD and the VMWRITE bitmap")
        set_bit(h, BITMAPS[one[1]], field_of(h, ""), one[2] == "1")


@operation(SHADOW_FIELD, actors=("L1",))
def shadow_field(h: Harness, op: Operation, actor: Actor) -> int:
    """Written or read by L1 itself, which makes the shadow VMCS current for it; `the shadow value` is what the field kept."""
    wrote, read = WRITTEN.fullmatch(op.text), READ.fullmatch(op.text)
    match = wrote or read
    if match is None:
        raise Unsupported(f"{op.text}: a field of the shadow VMCS is written or read")
    word = field_names.word(field_of(h, match[1] or ""))
    current = h.vcpu.current_vmptr
    h.player.inject(f"vmptrld {binding.SHADOW_VMCS:#x}")
    if wrote:
        h.player.inject(f"vmwrite {word}, {h.binding.number64(wrote[2]):#x}")
    h.player.inject(f"vmread {word}")
    value = h.rax
    if wrote:
        h.shadow_value = value
    h.player.inject(f"vmptrld {current:#x}")
    return value


def field_of(h: Harness, name: str) -> int:
    """The encoding of a field by name; `f`, and no name, is the field that the case is about."""
    if name not in ("", None, "f"):
        return field_names.encoding(name)
    if not h.field:
        raise Unsupported("f: the case names no field")
    return field_names.encoding(h.field)


def set_bit(h: Harness, bitmap: int, encoding: int, on: bool) -> None:
    """The bit of a field in one of the bitmaps."""
    cell, bit = bitmap + encoding // 64 * 8, 1 << encoding % 64
    old = h.peek(cell)
    h.player.poke(cell, old | bit if on else old & ~bit)
