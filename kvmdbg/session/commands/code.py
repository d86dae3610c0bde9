"""code, gate: a guest's code at linear addresses, and the handlers of its exceptions and interrupts."""

from __future__ import annotations

from typing import Annotated, Any, Final

from kvmdbg.machine.hw.instructions import parse_insn
from kvmdbg.machine.kvm import idt
from kvmdbg.machine.kvm.code import place_code
from kvmdbg.session.commands.map import edit
from kvmdbg.session.operands import Address, ChoiceOperand
from kvmdbg.session.parse import REQUIRED, Candidate, Operand, command, matching
from kvmdbg.session.results import Text
from kvmdbg.session.session import Session

LEVELS: Final = {"L1": 1, "L2": 2}


class VectorOperand(Operand):
    name, describe = "VECTOR", "0 to 255, or a name such as DB"

    def parse(self, session: Any, word: str) -> int:
        return idt.vector_of(word)

    def complete(self, session: Any, text: str) -> list[Candidate]:
        return list(matching(idt.NAMES, text.upper()))


CodeLevel = Annotated[str, ChoiceOperand("LEVEL", *LEVELS)]
Vector = Annotated[int, VectorOperand()]
GateKind = Annotated[str, ChoiceOperand("KIND", "interrupt", "trap")]


@command("code", group="machine", examples=("code L2 0x201000",), block=True)
def code(s: Session, level: CodeLevel = REQUIRED, address: Address = REQUIRED, body: tuple[str, ...] = ()) -> Text | None:
    """Put instructions at a linear address of L1 or L2, one a line up to `end`; none takes away those that are there.

    Where RIP points at one of them, the guest executes it next, before its `program`; a handler ends with `iret`, behind `pop`
    where there is an error code.  `info code` lists all of them.
    """
    insns = tuple(map(parse_insn, body))
    return edit(s, "code", f"code {level} {address:#x}", None, lambda who: place_code(s.kvm, LEVELS[level], address, insns))


@command("gate", group="machine", examples=("gate L2 DB 0x202000", "gate L1 0xf1 0x112000 trap"))
def gate(s: Session, level: CodeLevel = REQUIRED, vector: Vector = REQUIRED, handler: Address = REQUIRED,
         kind: GateKind = "interrupt") -> Text | None:
    """Write an interrupt gate (or a trap gate, which leaves RFLAGS.IF alone) into the IDT of L1 or L2, as its software would.

    HANDLER: a linear address.  The IDT lies where the level's IDTR says (`inject lidt`, or GUEST_IDTR_BASE of `vmcs12`),
    in memory that its tables map.
    """
    return edit(s, "gate", f"gate {level} {vector} {handler:#x}" + " trap" * (kind == "trap"), None,
                lambda who: idt.set_gate(s.kvm, who, level, vector, handler, kind == "trap"))
