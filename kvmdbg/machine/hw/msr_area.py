"""MSR areas: lists of registers that VM entry loads, and VM exit stores and loads (SDM Vol. 3C 24.7.2, 24.8.2, 26.4, 27.4, 27.6).

An entry is 16 bytes: the register's number in bits 31:0, bits 63:32 reserved, and its value in the upper 8 bytes.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.capabilities import msr_list_limit
from kvmdbg.machine.hw.checking import Read
from kvmdbg.machine.hw.fields import FIELDS, F
from kvmdbg.machine.hw.memory import read64, write64
from kvmdbg.machine.hw.msr.bases import IA32_FS_BASE, IA32_GS_BASE
from kvmdbg.machine.hw.msr.tsc import IA32_TIME_STAMP_COUNTER, rdtsc
from kvmdbg.machine.hw.msrs import read_msr, write_msr
from kvmdbg.machine.hw.paging import MASK_32
from kvmdbg.machine.hw.state import Cpu, Hardware

ENTRY_SIZE: Final = 16
IA32_BIOS_UPDT_TRIG: Final = 0x79            # loads microcode
IA32_BIOS_SIGN_ID: Final = 0x8B
IA32_SMM_MONITOR_CTL: Final = 0x9B
IA32_SMBASE: Final = 0x9E
X2APIC: Final = range(0x800, 0x900)          # registers of the local APIC in x2APIC mode
NEVER_LOADED: Final = (IA32_FS_BASE, IA32_GS_BASE, IA32_SMM_MONITOR_CTL, IA32_BIOS_UPDT_TRIG)
NEVER_STORED: Final = (IA32_SMBASE,)
ABORT_STORE: Final = 1                       # VMX-abort indicators (27.7)
ABORT_LOAD: Final = 4


class MsrArea(NamedTuple):
    """One of the three lists, by the fields of the VMCS that name it."""

    address_field: int
    count_field: int


ENTRY_LOAD: Final = MsrArea(F.VM_ENTRY_MSR_LOAD_ADDR, F.VM_ENTRY_MSR_LOAD_COUNT)
EXIT_STORE: Final = MsrArea(F.VM_EXIT_MSR_STORE_ADDR, F.VM_EXIT_MSR_STORE_COUNT)
EXIT_LOAD: Final = MsrArea(F.VM_EXIT_MSR_LOAD_ADDR, F.VM_EXIT_MSR_LOAD_COUNT)
AREAS: Final = (ENTRY_LOAD, EXIT_STORE, EXIT_LOAD)


def entry_text(area: MsrArea, index: int, number: int) -> str:
    """Entry `index`, from 0, of an area in words, to begin a message."""
    return f"{FIELDS[area.address_field].name.removesuffix('_ADDR')} entry {index + 1}, MSR {number:#x},"


def load_problem(number: int, reserved: int) -> str:
    """Why a VM entry or VM exit cannot load this register whatever its value is, in words that follow "must"; "" if it can."""
    if reserved:
        return f"have bits 63:32 = 0, not {reserved:#x}"
    if number in NEVER_LOADED or number in X2APIC:
        return "be a register that a VM transition can load"
    return ""


def store_problem(number: int, reserved: int) -> str:
    """The same for a register that a VM exit is to store."""
    if reserved:
        return f"have bits 63:32 = 0, not {reserved:#x}"
    return "be a register that a VM exit can store" if number in NEVER_STORED or number in X2APIC else ""


def refuse_long_lists(hw: Hardware, read: Read) -> None:
    """raises: Unsupported for a list longer than IA32_VMX_MISC recommends: "undefined processor behavior may result" (A.6)."""
    limit = msr_list_limit(hw.caps)
    for area in AREAS:
        if read(area.count_field) > limit:
            raise Unsupported(f"{FIELDS[area.count_field].name} = {read(area.count_field)}: behaviour is undefined above {limit}",
                              f"Set the count to at most {limit}.")


def load(hw: Hardware, cpu: Cpu, read: Read, area: MsrArea) -> tuple[int, str]:
    """Load an area's registers in order: (0, ""), or the number from 1 of the first bad entry, and what is wrong with it."""
    for index in range(read(area.count_field)):
        at = read(area.address_field) + ENTRY_SIZE * index
        first, value = read64(hw, at), read64(hw, at + 8)
        problem = load_problem(first & MASK_32, first >> 32)
        if not problem and not write_msr(hw, cpu, first & MASK_32, value):
            problem = f"be a register that takes the value {value:#x}"
        if problem:
            return index + 1, f"{entry_text(area, index, first & MASK_32)} must {problem} (SDM Vol. 3C 26.4)"
    return 0, ""


def store(hw: Hardware, cpu: Cpu, read: Read) -> None:
    """Store the registers of the VM-exit MSR-store area; the time-stamp counter without the guest's TSC offset (27.4).

    raises: Unsupported where the processor aborts VMX operation.
    """
    for index in range(read(EXIT_STORE.count_field)):
        at = read(EXIT_STORE.address_field) + ENTRY_SIZE * index
        first = read64(hw, at)
        number = first & MASK_32
        value = rdtsc(hw, cpu) if number == IA32_TIME_STAMP_COUNTER else read_msr(hw, cpu, number)
        problem = store_problem(number, first >> 32) or ("be one that the processor has" if value is None else "")
        if problem or value is None:
            raise Unsupported(f"VMX abort {ABORT_STORE}: {entry_text(EXIT_STORE, index, number)} must {problem}", "Mend the list.")
        write64(hw, at + 8, value)


def load_host(hw: Hardware, cpu: Cpu, read: Read) -> None:
    """Load the registers of the VM-exit MSR-load area.  raises: Unsupported where the processor aborts VMX operation."""
    failed, problem = load(hw, cpu, read, EXIT_LOAD)
    if failed:
        raise Unsupported(f"VMX abort {ABORT_LOAD}: {problem}", "Mend the list.")
