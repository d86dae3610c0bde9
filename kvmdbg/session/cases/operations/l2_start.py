"""`rip N+1`, `no blocking`: where L2 will go on, and with what; L1 writes it into its VMCS."""

from __future__ import annotations

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.fields import F
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.operations.vmwrite import write
from kvmdbg.session.cases.steps import Actor, Operation


@operation("rip", actors=("L1",))
def rip(h: Harness, op: Operation, actor: Actor) -> None:
    """An address by its name."""
    if not op.rest or len(op.plain) != len(op.operands):
        raise Unsupported(f"{op.text}: one address")
    write(h, F.GUEST_RIP, lambda _: h.binding.number64(op.rest))


@operation("no", actors=("L1",))
def no_blocking(h: Harness, op: Operation, actor: Actor) -> None:
    """`no blocking`: interruptibility 0."""
    if op.rest != "blocking":
        raise Unsupported(f"{op.text}: only `no blocking`")
    write(h, F.GUEST_INTERRUPTIBILITY_INFO, lambda _: 0)
