"""`vmread FIELD`, `vmread field=~0`: read a field of the current VMCS."""

from __future__ import annotations

from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.session.cases import field_names
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.steps import Actor, Operation

MASK32: Final = 0xFFFF_FFFF          # a wider encoding is as unsupported as all ones in 32 bits


@operation("vmread")
def vmread(h: Harness, op: Operation, actor: Actor) -> int:
    """What RAX holds afterwards."""
    by_encoding = op.named("field")
    if not by_encoding and len(op.plain) != 1:
        raise Unsupported(f"{op.text}: one field is read at a time")
    number = h.binding.number64(by_encoding) & MASK32 if by_encoding else field_names.encoding(op.plain[0])
    h.player.inject(f"vmread {field_names.word(number)}")
    return h.rax
