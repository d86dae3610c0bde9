"""x: memory as words."""

from __future__ import annotations

from typing import Annotated, Final

from kvmdbg.errors import UserError
from kvmdbg.machine.kvm.guest_memory import kvm_read_guest
from kvmdbg.session import expr
from kvmdbg.session.formats import LETTERS
from kvmdbg.session.operands import ChoiceOperand, Expression, Format
from kvmdbg.session.parse import command
from kvmdbg.session.results import Text
from kvmdbg.session.session import Session

SIZES: Final = {"b": 1, "h": 2, "w": 4, "g": 8}
GPA: Final = "gpa"
HPA: Final = "hpa"
PER_LINE: Final = 16          # bytes
MOST: Final = 4096            # words of one command
Space = Annotated[str, ChoiceOperand("SPACE", GPA, HPA, in_front=True)]


@command("x", group="data", examples=("x/4gx 0x1000", "x/8gx hpa 0xf0000000", "x/2gx vmcs12.EPT_POINTER & ~0xfff"), repeatable=True)
def x(s: Session, format: Format = None, space: Space = GPA, address: Expression = "") -> Text:
    """Show memory at an address: `gpa` L1 guest-physical (the default), `hpa` host-physical.

    /FMT: a count, a letter (x d u o t a c) and a size (b 1, h 2, w 4, g 8 bytes).  Memory never written is 0.  Without an
    address, and when repeated, it goes on behind what was shown last.
    """
    count, letter, size = format or (1, "", "")
    width = SIZES[size or "g"]
    start = expr.evaluate(address, s.scope()) if address else s.variables.get("_next")
    if not isinstance(start, int):
        raise UserError("Argument required (starting display address)." if start is None else f"{address!r} is no address")
    if count > MOST:
        raise UserError(f"{count} words are too many", f"At most {MOST}.")
    values = [word(s, space, start + at * width, width) for at in range(count)]
    s.variables["_next"] = start + count * width
    s.repeat_line = f"x/{count}{letter}{size} {space}"
    per_line = max(1, PER_LINE // width)
    lines = [f"{space} {start + at * width:#x}:\t" + "\t".join(shown(value, letter, width) for value in values[at:at + per_line])
             for at in range(0, count, per_line)]
    return Text("\n".join(lines))


def word(s: Session, space: str, address: int, width: int) -> int:
    """`width` bytes at an address, little-endian.  raises: UserError outside the memory or across a boundary."""
    if address % width:
        raise UserError(f"{address:#x} is not a multiple of {width}")
    whole = kvm_read_guest(s.kvm, address & ~7) if space == GPA else s.kvm.hw.memory.get(address & ~7, 0)
    if whole is None or address < 0:
        raise UserError(f"Cannot access memory at address {address:#x}", f"The guest's memory ends at {s.kvm.config.memory:#x}.")
    return int(whole) >> 8 * (address & 7) & (1 << 8 * width) - 1


def shown(value: int, letter: str, width: int) -> str:
    if letter in ("", "x", "a"):
        return f"0x{value:0{width * 2}x}"
    if letter == "t":
        return f"{value:0{width * 8}b}"
    if letter == "d":
        return str(value - (1 << width * 8) if value >> width * 8 - 1 else value)
    return LETTERS[letter](value)
