"""`vmread FIELD`, `vmread field=~0`, `vmread FIELD to memory`, `vmread all`: read fields of the current VMCS."""

from __future__ import annotations

import re
from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.session.cases import all_fields, binding, field_names
from kvmdbg.session.cases.all_fields import Fields
from kvmdbg.session.cases.binding import MASK64
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.steps import Actor, Operation

MEMORY: Final = "memory"             # as an operand: a memory operand, on the page that `given` says more of
HIGH: Final = re.compile(r"([A-Z]\w+) ?\+ ?1")        # the upper half of a field, if it has one
MASK32: Final = 0xFFFF_FFFF          # a wider encoding is as unsupported as all ones in 32 bits


@operation("vmread")
def vmread(h: Harness, op: Operation, actor: Actor) -> int | Fields:
    """What RAX holds afterwards, or the memory operand; of `all` what every field held."""
    by_encoding = op.named("field")
    if op.plain[:1] and op.plain[0] in all_fields.WORDS:
        return all_fields.vmread_all(h, op.rest)
    if op.plain[:1] == (MEMORY,) or op.plain[-1:] == (MEMORY,):
        return to_memory(h, op)
    if op.plain[:1] in (("field",), ("f",)):
        by_encoding = " ".join(op.plain[op.plain[0] == "field":])
    if not by_encoding and len(op.plain) != 1:
        raise Unsupported(f"{op.text}: one field is read at a time")
    number = encoding_of(h, by_encoding) if by_encoding else field_names.encoding(op.plain[0])
    h.player.inject(f"vmread {field_names.word(number)}")
    return h.rax


def to_memory(h: Harness, op: Operation) -> int:
    """`memory, FIELD`, `FIELD to memory`: on the operand page, which L1 reaches through the tables that it has then."""
    names = [text for text in op.plain if text not in (MEMORY, "to")]
    if len(names) != 1:
        raise Unsupported(f"{op.text}: one field is read at a time")
    h.player.poke(binding.DESCRIPTOR, ~h.peek(binding.DESCRIPTOR) & MASK64)         # not what the read might leave there by chance
    h.player.inject(f"vmread {field_names.word(field_names.encoding(names[0]))}, @{binding.DESCRIPTOR:#x}")
    return h.peek(binding.DESCRIPTOR)


def encoding_of(h: Harness, text: str) -> int:
    """`field=` and `field X`: a name, a number, or a word that stands for one."""
    if match := HIGH.fullmatch(text):
        return field_names.encoding(match[1]) | 1
    try:
        return field_names.encoding(text)
    except Unsupported:
        return h.binding.number64(text) & MASK32
