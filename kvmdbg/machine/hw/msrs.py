"""Model-specific registers: their numbers, what RDMSR reads, and which values WRMSR accepts (SDM Vol. 4 2.1; Vol. 3A 2.2.1).

A register that the model keeps nowhere does not exist on its processor: RDMSR and WRMSR raise #GP(0).  The VMX capability
MSRs are read-only; their values are in capabilities.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from kvmdbg.machine.hw import capabilities
from kvmdbg.machine.hw.control_registers import efer_problem, pat_problem
from kvmdbg.machine.hw.controls import CR0_PG, DEBUGCTL_OFFERED, EFER_LMA, EFER_LME
from kvmdbg.machine.hw.paging import MASK_32, canonical
from kvmdbg.machine.hw.state import Cpu, Descriptors, Hardware

IA32_SYSENTER_CS: Final = 0x174
IA32_SYSENTER_ESP: Final = 0x175
IA32_SYSENTER_EIP: Final = 0x176
IA32_DEBUGCTL: Final = 0x1D9
IA32_PAT: Final = 0x277
IA32_EFER: Final = 0xC000_0080
IA32_FS_BASE: Final = 0xC000_0100
IA32_GS_BASE: Final = 0xC000_0101

Reader = Callable[[Hardware, Cpu], int]
Writer = Callable[[Hardware, Cpu, int], bool]            # False asks for #GP(0), nothing having changed


class Msr(NamedTuple):
    """One model-specific register."""

    number: int           # in ECX
    name: str             # the manual's
    read: Reader
    write: Writer


# -- values ---------------------------------------------------------------------------------------------------------------


def efer_after_write(value: int, old: int, paging: bool) -> int | None:
    """IA32_EFER after WRMSR: LMA keeps its value whatever is written; None for what the processor refuses.

    LME cannot change while paging is on.  Nothing is invalidated: software flushes after a change of NXE.
    """
    if efer_problem(value) or paging and (value ^ old) & EFER_LME:
        return None
    return value & ~EFER_LMA | old & EFER_LMA


def _write_efer(hw: Hardware, cpu: Cpu, value: int) -> bool:
    new = efer_after_write(value, cpu.efer, bool(cpu.cr0 & CR0_PG))
    if new is None:
        return False
    cpu.efer = new
    return True


def _write_pat(hw: Hardware, cpu: Cpu, value: int) -> bool:
    if pat_problem(value):
        return False
    cpu.pat = value
    return True


def _write_debugctl(hw: Hardware, cpu: Cpu, value: int) -> bool:
    if value & ~DEBUGCTL_OFFERED:
        return False
    cpu.debugctl = value
    return True


def _write_sysenter_cs(hw: Hardware, cpu: Cpu, value: int) -> bool:
    cpu.descriptors = cpu.descriptors._replace(sysenter_cs=value & MASK_32)
    return True


def _write_address(register: Callable[[Descriptors, int], Descriptors]) -> Writer:
    """A register that holds a linear address, which must be canonical to the processor's width."""
    def write(hw: Hardware, cpu: Cpu, value: int) -> bool:
        if not canonical(value, hw.caps.linear_bits):
            return False
        cpu.descriptors = register(cpu.descriptors, value)
        return True
    return write


MSRS: Final[dict[int, Msr]] = {msr.number: msr for msr in (
    Msr(IA32_SYSENTER_CS, "IA32_SYSENTER_CS", lambda hw, cpu: cpu.descriptors.sysenter_cs, _write_sysenter_cs),
    Msr(IA32_SYSENTER_ESP, "IA32_SYSENTER_ESP", lambda hw, cpu: cpu.descriptors.sysenter_esp,
        _write_address(lambda all_, value: all_._replace(sysenter_esp=value))),
    Msr(IA32_SYSENTER_EIP, "IA32_SYSENTER_EIP", lambda hw, cpu: cpu.descriptors.sysenter_eip,
        _write_address(lambda all_, value: all_._replace(sysenter_eip=value))),
    Msr(IA32_DEBUGCTL, "IA32_DEBUGCTL", lambda hw, cpu: cpu.debugctl, _write_debugctl),
    Msr(IA32_PAT, "IA32_PAT", lambda hw, cpu: cpu.pat, _write_pat),
    Msr(IA32_EFER, "IA32_EFER", lambda hw, cpu: cpu.efer, _write_efer),
    Msr(IA32_FS_BASE, "IA32_FS_BASE", lambda hw, cpu: cpu.descriptors.fs.base,
        _write_address(lambda all_, value: all_._replace(fs=all_.fs._replace(base=value)))),
    Msr(IA32_GS_BASE, "IA32_GS_BASE", lambda hw, cpu: cpu.descriptors.gs.base,
        _write_address(lambda all_, value: all_._replace(gs=all_.gs._replace(base=value)))),
)}
NUMBERS: Final = {msr.name: msr.number for msr in MSRS.values()} | capabilities.NUMBERS


def read_msr(hw: Hardware, cpu: Cpu, number: int) -> int | None:
    """What RDMSR gives; None asks for #GP(0)."""
    if number in MSRS:
        return MSRS[number].read(hw, cpu)
    return capabilities.vmx_msrs(hw.caps).get(number)


def write_msr(hw: Hardware, cpu: Cpu, number: int, value: int) -> bool:
    """WRMSR; False asks for #GP(0), nothing having changed."""
    return number in MSRS and MSRS[number].write(hw, cpu, value)


# -- MSR bitmaps (SDM Vol. 3C 24.6.9) ---------------------------------------------------------------------------------------

HIGH: Final = 0xC000_0000            # first register of the upper half; each bitmap covers 2000H registers
COVERED: Final = 0x2000
READS: Final = 0                     # offset of the bitmap for reads of the lower half; the upper half's follows it
WRITES: Final = 0x800
UPPER: Final = 0x400


def bitmap_bit(number: int, write: bool) -> tuple[int, int] | None:
    """(byte offset, bit 0..7) of a register in the page of MSR bitmaps; None for one that they do not cover."""
    if number < COVERED:
        half = 0
    elif HIGH <= number < HIGH + COVERED:
        half = UPPER
    else:
        return None
    index = number & COVERED - 1
    return (WRITES if write else READS) + half + index // 8, index % 8


def bitmap_exits(read: Callable[[int], int], page: int, number: int, write: bool) -> bool:
    """Do the MSR bitmaps at physical address `page` ask for a VM exit?  read: the 64 bits around an address."""
    place = bitmap_bit(number, write)
    if place is None:
        return True
    offset, bit = place
    return bool(read(page + offset & ~7) >> 8 * (offset & 7) + bit & 1)
