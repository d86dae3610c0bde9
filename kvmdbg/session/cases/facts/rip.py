"""`rip: next instruction`: the instruction is done, by the processor or by KVM in its place."""

from __future__ import annotations

from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.instructions import INSTRUCTIONS
from kvmdbg.session.cases.fact import Observed, key
from kvmdbg.session.cases.model import Value

NEXT: Final = "next instruction"


@key("rip")
def rip(observed: Observed, wanted: Value) -> str:
    """raises: Unsupported for a number: the model's instructions are all three bytes long."""
    if wanted != NEXT:
        raise Unsupported(f"rip: {wanted}: the model's instructions are all three bytes long")
    cpu = observed.kvm.cpu(observed.vcpu)
    before = next((old for owner, field, old, _ in observed.kvm.tape.entries[observed.start:observed.stop]
                   if owner is cpu and field == "rip"), cpu.rip)
    length = INSTRUCTIONS[observed.last.word].length
    return "" if cpu.rip - before == length else f"RIP moved by {cpu.rip - before}"
