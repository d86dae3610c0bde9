"""`raise 13`, `raise #GP with the bitmap bit set in vmcs12`: L2 raises an exception, then calls L1 if it still runs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.access import RFLAGS_AC
from kvmdbg.machine.hw.controls import AR_DB, AR_L, CR0_AM, CR0_TS, RFLAGS_OF, RFLAGS_RESERVED1, RFLAGS_TF
from kvmdbg.machine.hw.delivery import VECTORS
from kvmdbg.machine.hw.fields import F
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.operations.vmwrite import write
from kvmdbg.session.cases.steps import Actor, Operation

RAISED: Final = re.compile(r"(#?\w+)( with the bitmap bit (set|clear) in vmcs12)?")
NON_CANONICAL: Final = 1 << 63
UNALIGNED: Final = 1


def general_protection(h: Harness) -> None:
    h.player.inject(f"load {NON_CANONICAL:#x}")


def stack_fault(h: Harness) -> None:
    h.player.inject(f"load ss:{NON_CANONICAL:#x}")


def single_step(h: Harness) -> None:
    """POPF sets TF, and the trap comes behind the next instruction; then TF goes, as the suite's L2 clears it."""
    h.player.inject(f"popf {RFLAGS_RESERVED1 | RFLAGS_TF:#x}")
    h.player.inject("nop")
    if h.level == 2:
        h.player.inject(f"popf {RFLAGS_RESERVED1:#x}")


def alignment(h: Harness) -> None:
    """At privilege level 3, with CR0.AM and RFLAGS.AC."""
    h.player.inject(f"mov cr0, {h.kvm.cpu(h.vcpu).cr0 | CR0_AM:#x}")
    h.player.inject(f"popf {RFLAGS_RESERVED1 | RFLAGS_AC:#x}")
    h.player.privilege(3)
    h.player.inject(f"load {h.binding.number('V') + UNALIGNED:#x}")


def no_device(h: Harness) -> None:
    h.player.inject(f"mov cr0, {h.kvm.cpu(h.vcpu).cr0 | CR0_TS:#x}")
    h.player.inject("fnop")


def overflow(h: Harness) -> None:
    """INTO exists outside 64-bit mode only: L1 gives L2 a code segment of 32 bits before it enters it."""
    h.bring(1)
    write(h, F.GUEST_CS_AR_BYTES, lambda old: old & ~AR_L | AR_DB)
    write(h, F.GUEST_RFLAGS, lambda old: old | RFLAGS_OF)
    h.bring(2)
    h.player.inject("into")


def plainly(text: str) -> Callable[[Harness], None]:
    return lambda h: h.player.inject(text)


HOW: Final[Mapping[int, Callable[[Harness], None]]] = {
    0: plainly("div 0"), 1: single_step, 3: plainly("int3"), 4: overflow, 6: plainly("ud2"), 7: no_device, 13: general_protection,
    12: stack_fault, 14: plainly("load 0x1000"), 17: alignment,
}


@operation("raise", actors=("L2",))
def raise_(h: Harness, op: Operation, actor: Actor) -> None:
    """By number or name."""
    match = RAISED.fullmatch(op.rest)
    vector = (VECTORS.get(match[1]) if match[1].startswith("#") else h.binding.number(match[1])) if match else None
    if match is None or vector is None or vector not in HOW:
        raise Unsupported(f"{op.text}: no instruction that raises it")
    if match[2]:
        h.bring(1)
        bit = 1 << vector
        write(h, F.EXCEPTION_BITMAP, lambda old: old | bit if match[3] == "set" else old & ~bit)
        h.bring(2)
    HOW[vector](h)
    if h.level == 2:
        h.player.inject("vmcall")
