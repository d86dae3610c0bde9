"""What a VM-entry check is: which field it looks at, when it applies, and what the field must be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from kvmdbg.machine.hw.controls import CPU_SECONDARY_CONTROLS
from kvmdbg.machine.hw.fields import FIELDS, F
from kvmdbg.machine.hw.paging import canonical
from kvmdbg.machine.hw.state import Caps, Cpu, Hardware

Read = Callable[[int], int]               # encoding -> value of that field of the VMCS under test

CONTROL_AREA: Final = "control"
HOST_AREA: Final = "host"
GUEST_AREA: Final = "guest"


class Subject(NamedTuple):
    """What the checks look at: the processor, and the VMCS by way of `read`."""

    hw: Hardware
    cpu: Cpu
    read: Read
    secondary: int            # the secondary controls; all 0 while the primary controls do not activate them

    @property
    def caps(self) -> Caps:
        return self.hw.caps


def subject(hw: Hardware, cpu: Cpu, read: Read) -> Subject:
    """The Subject behind `read`."""
    return Subject(hw, cpu, read, secondary_controls(read))


def secondary_controls(read: Read) -> int:
    """The secondary processor-based VM-execution controls in force."""
    active = read(F.CPU_BASED_VM_EXEC_CONTROL) & CPU_SECONDARY_CONTROLS
    return read(F.SECONDARY_VM_EXEC_CONTROL) if active else 0


When = Callable[[Subject], bool]
Rule = Callable[[int, Subject], str]      # value of the field -> words that follow "must", or "" if it is right


class Problem(NamedTuple):
    """A check that fails."""

    check: str                # its name
    text: str                 # "FIELD = 0x0: must ... (source)"
    qualification: int        # exit qualification of the failed VM entry (guest area only), 0..4
    area: str                 # CONTROL_AREA, HOST_AREA or GUEST_AREA


def always(_: Subject) -> bool:
    return True


class Check(NamedTuple):
    """One VM-entry check of the manual."""

    name: str                 # what it demands, in words; unique
    area: str                 # CONTROL_AREA, HOST_AREA or GUEST_AREA
    source: str               # the manual's section
    field: int                # encoding of the field that is blamed
    rule: Rule
    when: When = always
    qualification: int = 0

    def test(self, s: Subject) -> Problem | None:
        """None when `s` passes."""
        if not self.when(s):
            return None
        value = s.read(self.field)
        demand = self.rule(value, s)
        if not demand:
            return None
        return Problem(self.name, f"{FIELDS[self.field].name} = {value:#x}: must {demand} ({self.source})", self.qualification,
                       self.area)


# -- rules and conditions that many checks share ------------------------------------------------------------------------

def is_canonical(value: int, s: Subject) -> str:
    """To the processor's width, whatever CR4.LA57 is."""
    bits = s.caps.linear_bits
    return "" if canonical(value, bits) else f"be a canonical address (bits 63:{bits - 1} all equal)"


def is_zero(value: int, _: Subject) -> str:
    return "" if value == 0 else "be 0"


def is_not_zero(value: int, _: Subject) -> str:
    return "" if value else "not be 0"


def only(bits: int) -> Rule:
    """No bit outside `bits`."""
    return lambda value, _: f"not set {value & ~bits:#x}" if value & ~bits else ""


def with_caps(problem: Callable[[int, Caps], str]) -> Rule:
    """A rule of control_registers.py that needs the processor's capabilities."""
    return lambda value, s: problem(value, s.caps)


def plain(problem: Callable[[int], str]) -> Rule:
    """A rule of control_registers.py that looks at the value only."""
    return lambda value, _: problem(value)


def has(field: int, bits: int) -> When:
    """Applies while any of `bits` is set in `field`."""
    return lambda s: bool(s.read(field) & bits)


def lacks(field: int, bits: int) -> When:
    """Applies while none of `bits` is set in `field`."""
    return lambda s: not s.read(field) & bits


def both(first: When, second: When) -> When:
    return lambda s: first(s) and second(s)


def secondary(bits: int) -> When:
    """Applies while any of `bits` is set in the active secondary controls."""
    return lambda s: bool(s.secondary & bits)
