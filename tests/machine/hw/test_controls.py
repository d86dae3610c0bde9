"""Bits, names, exit reasons, and what the processor offers."""

from __future__ import annotations

import re

import pytest

from kvmdbg.machine.hw import controls
from kvmdbg.machine.hw.controls import (
    CPU_BITS,
    CR0_BITS,
    CR4_BITS,
    ENTRY_BITS,
    EXIT_BITS,
    EXIT_REASONS,
    PIN_BITS,
    RFLAGS_BITS,
    SEC_BITS,
    VM_INSTRUCTION_ERRORS,
    exit_reason_name,
    names_of,
)
from support import shared_path


def architecture() -> str:
    return (shared_path() / "spec" / "architecture.md").read_text()


def listed_bits(word: str) -> set[int]:
    """Bit numbers of the line `* word: 0 name, 3 name, ...` of section E.1."""
    line = re.search(rf"^\* {word}: (.*)$", architecture(), re.M)
    assert line is not None
    numbers = re.findall(r"(?:^|, )(\d+(?:/\d+)?) ", line[1])
    return {int(bit) for number in numbers for bit in number.split("/")}


@pytest.mark.parametrize(("word", "bits"), [("Pin", PIN_BITS), ("Primary", CPU_BITS), ("Secondary", SEC_BITS), ("Exit", EXIT_BITS),
                                            ("Entry", ENTRY_BITS)], ids=lambda value: value if isinstance(value, str) else "")
def test_control_bits_are_those_of_the_specification(word: str, bits: dict[int, str]) -> None:
    assert {bit.bit_length() - 1 for bit in bits} == listed_bits(word)


def test_exit_reasons_are_those_of_the_specification() -> None:
    section = architecture().partition("### E.3 ")[2].partition(" 35, 38")[0]
    listed = {int(number) for number in re.findall(r"(?:\n|, )(\d+) [A-Za-z]", section)}
    assert listed == set(EXIT_REASONS)


def test_vm_instruction_errors_are_those_of_the_specification() -> None:
    section = architecture().partition("### VM-instruction errors")[2].partition(". 14, 21")[0]
    listed = {int(number) for group in re.findall(r"(?:\n|; )(\d+(?:/\d+)*) ", section) for number in group.split("/")}
    assert listed == set(VM_INSTRUCTION_ERRORS)


@pytest.mark.parametrize(("name", "bit"), [
    ("CR0_PE", 0), ("CR0_WP", 16), ("CR0_PG", 31), ("CR4_PSE", 4), ("CR4_PAE", 5), ("CR4_PGE", 7), ("CR4_LA57", 12),
    ("CR4_VMXE", 13), ("CR4_PCIDE", 17), ("CR4_SMEP", 20), ("CR4_SMAP", 21), ("CR4_PKE", 22), ("EFER_LME", 8), ("EFER_LMA", 10),
    ("EFER_NXE", 11), ("RFLAGS_CF", 0), ("RFLAGS_ZF", 6), ("RFLAGS_OF", 11), ("RFLAGS_VM", 17)])
def test_register_bits(name: str, bit: int) -> None:
    assert getattr(controls, name) == 1 << bit


def test_bits_are_named_lowest_first_and_unknown_ones_in_hex() -> None:
    assert names_of(controls.CR4_PGE | controls.CR4_PAE, CR4_BITS) == "PAE PGE"
    assert names_of(controls.CR0_PG | 1 << 8, CR0_BITS) == "0x100 PG"
    assert names_of(0, CR0_BITS) == ""
    assert RFLAGS_BITS[2] == "RESERVED1"


@pytest.mark.parametrize(("reason", "name"), [(48, "EPT_VIOLATION"), (53, "INVVPID"), (18, "VMCALL"),
                                              (33 | 1 << 31, "INVALID_STATE"), (35, "35")])
def test_exit_reason_names(reason: int, name: str) -> None:
    assert exit_reason_name(reason) == name
