"""What a model-specific register is: one file of `msr/` declares each, or a family of them; `msrs.py` is the filled catalogue.

A register that another part of the processor works with is kept there (`cpu.efer`); what only keeps its value is in `hw.msrs`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from kvmdbg.catalog import Catalog
from kvmdbg.machine.hw.paging import canonical
from kvmdbg.machine.hw.state import Cpu, Descriptors, Hardware

Reader = Callable[[Hardware, Cpu], int]
Writer = Callable[[Hardware, Cpu, int], bool]            # False asks for #GP(0), nothing having changed
Legal = Callable[[Hardware, int], bool]


class Msr(NamedTuple):
    """One model-specific register."""

    number: int           # in ECX
    name: str             # the manual's
    source: str
    read: Reader
    write: Writer


MSRS: Final[Catalog[Msr]] = Catalog("model-specific register")


def msr(number: int, name: str, *, source: str, read: Reader, write: Writer) -> None:
    """Declare a register."""
    MSRS.add(name, Msr(number, name, source, read, write))


def kept_msr(number: int, name: str, *, source: str, reset: int = 0, legal: Legal = lambda hw, value: True) -> None:
    """Declare a register that keeps what is written, and does nothing else in the model.  legal: False asks for #GP(0)."""
    def write(hw: Hardware, cpu: Cpu, value: int) -> bool:
        if not legal(hw, value):
            return False
        keep(hw, cpu, number, value)
        return True
    msr(number, name, source=source, read=lambda hw, cpu: kept(hw, cpu, number, reset), write=write)


def kept(hw: Hardware, cpu: Cpu, number: int, reset: int) -> int:
    """The value of a register that is kept in `hw.msrs`; reset: the one that it has at power-on."""
    return int(hw.msrs.get((cpu.id, number), reset))


def keep(hw: Hardware, cpu: Cpu, number: int, value: int) -> None:
    """Write a register that is kept in `hw.msrs`."""
    hw.msrs[cpu.id, number] = value


def is_canonical(hw: Hardware, value: int) -> bool:
    """A linear address of the processor's width."""
    return canonical(value, hw.caps.linear_bits)


def address_of(change: Callable[[Descriptors, int], Descriptors]) -> Writer:
    """The writer of a register with a linear address, which is kept with the segments and must be canonical."""
    def write(hw: Hardware, cpu: Cpu, value: int) -> bool:
        if not is_canonical(hw, value):
            return False
        cpu.descriptors = change(cpu.descriptors, value)
        return True
    return write
