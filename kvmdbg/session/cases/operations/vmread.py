"""`vmread FIELD`, `vmread field=~0`, `vmread FIELD to memory`: read a field of the current VMCS."""

from __future__ import annotations

from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.kvm.guest_memory import kvm_read_guest
from kvmdbg.session.cases import binding, field_names
from kvmdbg.session.cases.binding import MASK64
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.steps import Actor, Operation

TO_MEMORY: Final = ("to", "memory")
MASK32: Final = 0xFFFF_FFFF          # a wider encoding is as unsupported as all ones in 32 bits


@operation("vmread")
def vmread(h: Harness, op: Operation, actor: Actor) -> int:
    """What RAX holds afterwards; or the operand page, which L1 reaches through the tables that it has then."""
    by_encoding = op.named("field")
    to_memory = op.plain[-2:] == TO_MEMORY
    if not by_encoding and len(op.plain) != 1 + len(TO_MEMORY) * to_memory:
        raise Unsupported(f"{op.text}: one field is read at a time")
    number = h.binding.number64(by_encoding) & MASK32 if by_encoding else field_names.encoding(op.plain[0])
    if to_memory:
        h.player.poke(binding.DESCRIPTOR, ~h.rax & MASK64)             # not what the read might leave there by chance
        h.player.inject(f"vmread {field_names.word(number)}, @{binding.DESCRIPTOR:#x}")
        return kvm_read_guest(h.kvm, binding.DESCRIPTOR) or 0
    h.player.inject(f"vmread {field_names.word(number)}")
    return h.rax
