"""`set MTF control and RFLAGS.TF`, `clear RFLAGS.IF`, `set CR0.TS`: bits by their names, of controls and registers."""

from __future__ import annotations

import re
from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw import controls
from kvmdbg.machine.hw.fields import F
from kvmdbg.session.cases.control_names import named
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.operations.control import switch
from kvmdbg.session.cases.operations.vmwrite import write
from kvmdbg.session.cases.steps import CLEAR_BITS, Actor, Operation

BETWEEN: Final = re.compile(r",\s*|\s+and\s+")
BIT: Final = re.compile(r"(?:GUEST_)?(RFLAGS|CR0|CR4|EFER)[. ]([A-Z]+)(?:=1)?")
OF_L2: Final = {"RFLAGS": F.GUEST_RFLAGS, "CR0": F.GUEST_CR0, "CR4": F.GUEST_CR4, "EFER": F.GUEST_IA32_EFER}


@operation("set", CLEAR_BITS)
def set_(h: Harness, op: Operation, actor: Actor) -> None:
    """By L1: what its VMCS holds for L2.  By L2: a bit of its own CR0 or CR4."""
    on = op.word == "set"
    for part in BETWEEN.split(op.text.partition(" ")[2].strip()):
        control = named(part) if actor.name == "L1" else None
        if control is not None:
            switch(h, control.control, on)
        else:
            set_bit(h, actor, op, part, on)


def set_bit(h: Harness, actor: Actor, op: Operation, text: str, on: bool) -> None:
    """`RFLAGS.TF`.  raises: Unsupported for what is no bit of these registers."""
    match = BIT.fullmatch(text)
    bit = getattr(controls, f"{match[1]}_{match[2]}", None) if match else None
    if match is None or bit is None:
        raise Unsupported(f"{op.text}: {text}: no control, and no bit of RFLAGS, CR0, CR4 or EFER")
    if actor.name == "L1":
        write(h, OF_L2[match[1]], lambda old: old | bit if on else old & ~bit)
    elif match[1] in ("CR0", "CR4"):
        old = int(getattr(h.kvm.cpu(h.vcpu), match[1].lower()))
        h.player.inject(f"mov {match[1].lower()}, {old | bit if on else old & ~bit:#x}")
    else:
        raise Unsupported(f"{op.text}: L2 sets bits of CR0 and CR4 only")
