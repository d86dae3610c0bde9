"""Operands as a person writes them."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw import operands
from kvmdbg.machine.hw.operands import Descriptor, LogicalAddress, OperandType, number, optional, value_64


@pytest.mark.parametrize(("text", "value"), [
    ("0", 0), ("4096", 4096), ("0x1000", 0x1000), ("0X10", 16), ("4K", 4096), ("2m", 2 << 20), ("1G", 1 << 30), ("0x10K", 0x4000),
    ("1_000", 1000), ("0xab", 0xAB), ("", None), ("K", None), ("0x", None), ("12z", None), ("-1", None), ("abc", None),
    ("+1", None), ("1.5", None)])
def test_numbers(text: str, value: int | None) -> None:
    assert number(text) == value


@pytest.mark.parametrize(("text", "value"), [
    ("-1", 0xFFFF_FFFF_FFFF_FFFF), ("-0x8000000000000000", 1 << 63), ("0xffffffffffffffff", 0xFFFF_FFFF_FFFF_FFFF),
    ("0x10000000000000000", None), ("-0x8000000000000001", None), ("--1", None)])
def test_values_have_64_bits(text: str, value: int | None) -> None:
    assert value_64(text) == value


@pytest.mark.parametrize(("kind", "text", "value"), [
    (operands.INVVPID_TYPE, "Single-Context", 1), (operands.INVVPID_TYPE, "single-context-retaining-globals", 3),
    (operands.INVVPID_TYPE, "7", 7), (operands.INVVPID_TYPE, "-1", 0xFFFF_FFFF_FFFF_FFFF), (operands.INVVPID_TYPE, "global", None),
    (operands.INVEPT_TYPE, "all-context", 2), (operands.INVEPT_TYPE, "individual-address", None),
    (operands.VPID, "9", Descriptor(None, 9, 0)), (operands.VPID, "0x10009", Descriptor(None, 0x1_0009, 0)),
    (operands.VPID, "@0x7000", Descriptor(0x7000, 0, 0)), (operands.VPID, "@", None), (operands.VPID, "five", None),
    (operands.POINTER, "@4K", Descriptor(4096, 0, 0)), (operands.MEMORY, "@1", Descriptor(1, 0, 0)), (operands.MEMORY, "1", None),
    (operands.FIELD, "guest_cr3", 0x6802), (operands.FIELD, "0x6802", 0x6802), (operands.FIELD, "0x1ffff", 0x1_FFFF),
    (operands.FIELD, "0x100000000", None), (operands.FIELD, "guest_cr9", None),
    (operands.DESTINATION, "CR3", "cr3"), (operands.DESTINATION, "cr8", None), (operands.SOURCE, "cr4", "cr4"),
    (operands.SOURCE, "0x20", 0x20), (operands.SOURCE, "rax", None),
    (operands.ADDRESS, "0x401000", 0x40_1000), (operands.ADDRESS, "FS:0x10", LogicalAddress("fs", 0x10)),
    (operands.ADDRESS, "tr:0x10", None), (operands.ADDRESS, "fs:", None), (operands.ADDRESS, ":1", None),
    (operands.LINEAR_ADDRESS, "0x401000", 0x40_1000), (operands.LINEAR_ADDRESS, "rip", None)])
def test_parsing(kind: OperandType, text: str, value: object) -> None:
    assert kind.parse(text) == value


def test_completion_ignores_case() -> None:
    assert operands.FIELD.complete("guest_cr") == ["GUEST_CR0", "GUEST_CR3", "GUEST_CR4"]
    assert operands.INVEPT_TYPE.complete("") == ["single-context", "all-context"]
    assert operands.LINEAR_ADDRESS.complete("0x") == []


def test_optional_changes_nothing_else() -> None:
    assert optional(operands.MEMORY) == operands.MEMORY._replace(optional=True)
