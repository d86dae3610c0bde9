"""Operands of instructions as a person writes them: one type each, which parses, completes and describes itself."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from kvmdbg.errors import UserError
from kvmdbg.machine.hw.fields import FIELDS, by_name
from kvmdbg.machine.hw.invalidate import INVEPT_TYPES, INVPCID_TYPES, INVVPID_TYPES
from kvmdbg.machine.hw.msrs import NUMBERS

MASK_64: Final = 0xFFFF_FFFF_FFFF_FFFF
SUFFIXES: Final = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
CONTROL_REGISTERS: Final = ("cr0", "cr2", "cr3", "cr4")
RAX: Final = "rax"
SEGMENT_REGISTERS: Final = ("cs", "ds", "es", "fs", "gs", "ss")
SS: Final = "ss"
CPUID_REGISTERS: Final = ("eax", "ebx", "ecx", "edx")


class Descriptor(NamedTuple):
    """A memory operand of 64 or 128 bits: its contents, or the linear address where software keeps them."""

    address: int | None      # None: the contents are given here
    low: int                 # bits 63:0; 0 with an address
    high: int                # bits 127:64; 0 with an address


class LogicalAddress(NamedTuple):
    """`fs:0x1000`: an offset in the segment of a segment register."""

    segment: str             # "cs", "ds", "es", "fs", "gs" or "ss"
    offset: int              # 64 bits


class OperandType(NamedTuple):
    """How one operand is written.

    parse: text -> value, or None when the text is none.  values: words that completion offers.
    """

    name: str
    describe: str                                # what would be right, to follow "must be"
    parse: Callable[[str], Any]
    values: tuple[str, ...] = ()
    optional: bool = False                       # may be left out; its value is then None

    def complete(self, prefix: str) -> list[str]:
        """The words that begin with `prefix`, whatever their case."""
        return [word for word in self.values if word.lower().startswith(prefix.lower())]


def number(text: str) -> int | None:
    """Decimal or 0x hexadecimal, with an optional suffix K, M or G (powers of 1024) and _ between digits; no sign."""
    factor = SUFFIXES.get(text[-1:].lower(), 1)               # no suffix is a hexadecimal digit
    digits = text[:-1] if factor != 1 else text
    if not digits[:1].isdigit() or not digits.isascii():
        return None
    try:
        return int(digits, 16 if digits[:2].lower() == "0x" else 10) * factor
    except ValueError:
        return None


def value_64(text: str) -> int | None:
    """A number of 64 bits; a negative one stands for its two's complement."""
    found = number(text[1:]) if text.startswith("-") else number(text)
    if found is None or found > (1 << 63 if text.startswith("-") else MASK_64):
        return None
    return -found & MASK_64 if text.startswith("-") else found


def _word(words: tuple[str, ...]) -> Callable[[str], str | None]:
    return lambda text: text.lower() if text.lower() in words else None


def _type_of(names: Mapping[int, str]) -> Callable[[str], int | None]:
    """A type of INVVPID, INVEPT or INVPCID: by name, or any number of 64 bits."""
    numbers = {name: value for value, name in names.items()}
    return lambda text: numbers.get(text.lower(), value_64(text))


def _descriptor(text: str) -> Descriptor | None:
    """`@ADDRESS`: in memory, at a linear address; else bits 63:0 as a number."""
    at_memory = text.startswith("@")
    found = value_64(text[1:] if at_memory else text)
    if found is None:
        return None
    return Descriptor(found, 0, 0) if at_memory else Descriptor(None, found, 0)


def _logical(text: str) -> int | LogicalAddress | None:
    """A linear address, or an offset behind a segment register and a colon."""
    segment, colon, offset = text.rpartition(":")
    found = value_64(offset)
    if not colon or found is None:
        return found
    return LogicalAddress(segment.lower(), found) if segment.lower() in SEGMENT_REGISTERS else None


def _memory(text: str) -> Descriptor | None:
    return _descriptor(text) if text.startswith("@") else None


def _value_or_memory(text: str) -> int | Descriptor | None:
    return _memory(text) if text.startswith("@") else value_64(text)


def _encoding(text: str) -> int | None:
    """A field by name, or any encoding of 32 bits: software may try one that no field has."""
    field = by_name(text)
    if field is not None:
        return field.encoding
    return _value_32(text)


def _value_32(text: str) -> int | None:
    found = number(text)
    return found if found is not None and found < 1 << 32 else None


def _msr(text: str) -> int | None:
    """A register by name, or any number of 32 bits: software may try one that does not exist."""
    found = NUMBERS.get(text.upper())
    return found if found is not None else _value_32(text)


def _port(text: str) -> int | None:
    found = number(text)
    return found if found is not None and found < 1 << 16 else None


def _vector(text: str) -> int | None:
    found = number(text)
    return found if found is not None and found < 1 << 8 else None


def _source(text: str) -> int | str | None:
    register = _word(CONTROL_REGISTERS)(text)
    return register if register is not None else value_64(text)


NUMBER: Final = "a number such as 4096, 0x1000 or 4K"

LINEAR_ADDRESS: Final = OperandType("linear address", f"{NUMBER}, of 64 bits", value_64)
ADDRESS: Final = OperandType("address", f"{NUMBER}, of 64 bits, alone or behind a segment register: fs:0x1000", _logical)
VALUE_64: Final = OperandType("value", f"{NUMBER}, of 64 bits, or a negative one", value_64)
FIELD: Final = OperandType("VMCS field", "a field's name such as GUEST_CR3, or an encoding such as 0x6802", _encoding,
                           tuple(field.name for field in FIELDS.values()))
POINTER: Final = OperandType("VMCS pointer", "a physical address, or @ and the linear address of the 64 bits that hold it",
                             _descriptor)
MEMORY: Final = OperandType("memory operand", "@ and a linear address", _memory)
VALUE_OR_MEMORY: Final = OperandType("value", f"{NUMBER}, of 64 bits, or a negative one, or @ and a linear address",
                                     _value_or_memory)
INVVPID_TYPE: Final = OperandType("INVVPID type", f"{', '.join(INVVPID_TYPES.values())}, or {NUMBER}", _type_of(INVVPID_TYPES),
                                  tuple(INVVPID_TYPES.values()))
INVEPT_TYPE: Final = OperandType("INVEPT type", f"{', '.join(INVEPT_TYPES.values())}, or {NUMBER}", _type_of(INVEPT_TYPES),
                                 tuple(INVEPT_TYPES.values()))
VPID: Final = OperandType("VPID", "bits 63:0 of the descriptor as a number, or @ and the linear address of the descriptor",
                          _descriptor)
INVPCID_TYPE: Final = OperandType("INVPCID type", f"{', '.join(INVPCID_TYPES.values())}, or {NUMBER}", _type_of(INVPCID_TYPES),
                                  tuple(INVPCID_TYPES.values()))
PCID: Final = OperandType("PCID", "bits 63:0 of the descriptor as a number, or @ and the linear address of the descriptor",
                          _descriptor)
MSR: Final = OperandType("MSR", "a register's name such as IA32_EFER, or its number", _msr, tuple(NUMBERS))
VECTOR: Final = OperandType("vector", f"{NUMBER}, up to 255", _vector)
PORT: Final = OperandType("port", f"{NUMBER}, below 0x10000", _port)
IO_SIZE: Final = OperandType("size", "1, 2 or 4 bytes", {"1": 1, "2": 2, "4": 4}.get, ("1", "2", "4"))
VALUE_32: Final = OperandType("value", f"{NUMBER}, of 32 bits", _value_32)
EPTP: Final = OperandType("EPTP", "an EPT pointer, or @ and the linear address of the descriptor", _descriptor)
DESTINATION: Final = OperandType("destination", "cr0, cr2, cr3, cr4, ss or rax", _word((*CONTROL_REGISTERS, SS, RAX)),
                                 (*CONTROL_REGISTERS, SS, RAX))
LEAF: Final = OperandType("leaf", f"{NUMBER}, of 32 bits", _value_32)
CPUID_REGISTER: Final = OperandType("register", ", ".join(CPUID_REGISTERS), _word(CPUID_REGISTERS), CPUID_REGISTERS)
SOURCE: Final = OperandType("source", f"{NUMBER} (to a control register or ss), or cr0, cr2, cr3, cr4 (to rax)", _source,
                            CONTROL_REGISTERS)


def optional(kind: OperandType) -> OperandType:
    """`kind`, which may be left out."""
    return kind._replace(optional=True)


def parse_operand(owner: str, i: int, kind: OperandType, given: str | None, usage: str) -> Any:
    """Value of operand number `i` (0-based) of instruction or host event `owner`; usage: the hint where nothing better is known.

    raises: UserError when it is missing or wrong.
    """
    if given is None:
        if kind.optional:
            return None
        raise UserError(f"{owner}: operand {i + 1} ({kind.name}) is missing: must be {kind.describe}", usage)
    value = kind.parse(given)
    if value is None:
        close = difflib.get_close_matches(given.lower(), [word.lower() for word in kind.values], n=1)
        hint = f"Did you mean {next(w for w in kind.values if w.lower() == close[0])}?" if close else usage
        raise UserError(f"{owner}: operand {i + 1} ({kind.name}) is {given!r}: must be {kind.describe}", hint)
    return value


def with_descriptor(owner: str, tag: OperandType, needs_tag: bool, operands: tuple[Any, ...]) -> tuple[Any, ...]:
    """Type, tag (VPID or PCID) and linear address of `owner` -> type and descriptor.

    needs_tag: the type names a tag.  raises: UserError when one is missing, or the address stands in memory already.
    """
    kind, low, la = operands
    if low is None and needs_tag:
        raise UserError(f"{owner}: operand 2 ({tag.name}) is missing: must be {tag.describe}",
                        f"Write: {owner} single-context 9, or {owner} all-context.")
    if low is None:
        return kind, Descriptor(None, 0, 0)
    if low.address is not None and la is not None:
        raise UserError(f"{owner}: a descriptor in memory holds the linear address already", "Leave the third operand out.")
    return kind, low._replace(high=la or 0)
