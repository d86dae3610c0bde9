"""MOV to and from control registers: the page-table switch, the mode changes, and what they invalidate.  MOV SS: its shadow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from kvmdbg.errors import UserError
from kvmdbg.machine.hw import access, invalidate, vmcs
from kvmdbg.machine.hw.checking import secondary_controls
from kvmdbg.machine.hw.control_registers import CR0_FIXED1, CR3_NO_FLUSH, cr0_problem, cr4_problem, too_wide
from kvmdbg.machine.hw.controls import (
    BLOCKING_MOV_SS,
    CPU_CR3_LOAD_EXITING,
    CPU_CR3_STORE_EXITING,
    CR0_CD,
    CR0_ET,
    CR0_NW,
    CR0_PE,
    CR0_PG,
    CR4_LA57,
    CR4_PAE,
    CR4_PCIDE,
    CR4_PGE,
    CR4_PSE,
    CR4_SMEP,
    EFER_LMA,
    EFER_LME,
    EXIT_REASON_CR_ACCESS,
    SEC_UNRESTRICTED_GUEST,
)
from kvmdbg.machine.hw.faults import GuestFault, VmExit
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.instruction import Operands, instruction, primary
from kvmdbg.machine.hw.modes import long_mode, non_root
from kvmdbg.machine.hw.operands import DESTINATION, RAX, SOURCE, SS
from kvmdbg.machine.hw.paging import MASK_32, PAE, paging_mode
from kvmdbg.machine.hw.state import VMX_OFF, Cpu, Hardware, Pdptes

RPL: Final = 3
SELECTOR: Final = 0xFFFF
MOV_FROM: Final = 1 << 4                      # access type of the exit qualification; MOV to is 0
CR3_TARGETS: Final = (F.CR3_TARGET_VALUE0, F.CR3_TARGET_VALUE1, F.CR3_TARGET_VALUE2, F.CR3_TARGET_VALUE3)
PDPTE_CR0: Final = CR0_CD | CR0_NW | CR0_PG          # a change of one of these loads the PDPTEs (SDM Vol. 3A 4.4.1)
PDPTE_CR4: Final = CR4_PAE | CR4_PGE | CR4_PSE | CR4_SMEP
MASKS: Final = {"cr0": (F.CR0_GUEST_HOST_MASK, F.CR0_READ_SHADOW), "cr4": (F.CR4_GUEST_HOST_MASK, F.CR4_READ_SHADOW)}


# -- VM exits (SDM Vol. 3C 25.1.3) ----------------------------------------------------------------------------------------

def exits(hw: Hardware, cpu: Cpu, operands: Operands) -> VmExit | None:
    """CR3: the load and store controls; CR0 and CR4: a write that would change a bit of the host, as the guest sees it."""
    destination, source = operands
    if destination == SS:
        return None
    require_level_0(cpu)
    if destination == RAX:
        leaves = source == "cr3" and primary(hw, cpu, CPU_CR3_STORE_EXITING)
        return VmExit(EXIT_REASON_CR_ACCESS, int(source[2]) | MOV_FROM) if leaves else None
    leaves = _load_leaves(hw, cpu, source) if destination == "cr3" else _changes_host_bit(hw, cpu, destination, source)
    return VmExit(EXIT_REASON_CR_ACCESS, int(destination[2])) if leaves else None


def _load_leaves(hw: Hardware, cpu: Cpu, value: int) -> bool:
    """CR3-load exiting, and the value is none of the first "CR3-target count" CR3-target values."""
    count = vmcs.read(hw, cpu, F.CR3_TARGET_COUNT)
    targets = (vmcs.read(hw, cpu, field) for field in CR3_TARGETS[:count])
    return primary(hw, cpu, CPU_CR3_LOAD_EXITING) and value not in targets


def _changes_host_bit(hw: Hardware, cpu: Cpu, register: str, value: int) -> bool:
    if register not in MASKS:
        return False
    mask, shadow = (vmcs.read(hw, cpu, field) for field in MASKS[register])
    return bool((value ^ shadow) & mask)


def _guest_sees(hw: Hardware, cpu: Cpu, register: str, value: int) -> int:
    """What a guest reads: host-owned bits come from the read shadow."""
    if not non_root(cpu) or register not in MASKS:
        return value
    mask, shadow = (vmcs.read(hw, cpu, field) for field in MASKS[register])
    return value & ~mask | shadow & mask


def _guest_writes(hw: Hardware, cpu: Cpu, register: str, old: int, value: int) -> int:
    """What a guest's write leaves in the register: host-owned bits stay."""
    if not non_root(cpu):
        return value
    mask = vmcs.read(hw, cpu, MASKS[register][0])
    return value & ~mask | old & mask


# -- writes ---------------------------------------------------------------------------------------------------------------

def write_cr0(hw: Hardware, cpu: Cpu, value: int) -> None:
    """CR0: ET stays 1; setting PG with EFER.LME activates IA-32e mode, clearing it leaves that mode."""
    new = _guest_writes(hw, cpu, "cr0", cpu.cr0, value) | CR0_ET
    if cr0_problem(new, _fixed_cr0(hw, cpu)) or _illegal_paging_change(cpu, new):
        raise GuestFault("#GP")
    efer = cpu.efer ^ EFER_LMA if (cpu.cr0 ^ new) & CR0_PG and cpu.efer & EFER_LME else cpu.efer
    pdptes = _pdptes(hw, cpu, new, cpu.cr4, efer, bool((cpu.cr0 ^ new) & PDPTE_CR0))
    invalidate.mov_cr0(hw, cpu, cpu.cr0, new)
    cpu.pdptes = pdptes
    cpu.efer = efer
    cpu.cr0 = new


def _pdptes(hw: Hardware, cpu: Cpu, cr0: int, cr4: int, efer: int, loads: bool) -> Pdptes:
    """The PDPTE registers after a write to CR0 or CR4 that leaves these values: from memory if PAE paging is in use then.

    loads: a bit changes that makes the processor load them.    raises: GuestFault #GP, VmExit; before anything changes.
    """
    if not loads or paging_mode(cr0, cr4, efer, hw.caps).mode != PAE:
        return cpu.pdptes
    return access.load_pdptes(hw, cpu, cpu.cr3)


def _fixed_cr0(hw: Hardware, cpu: Cpu) -> int:
    """Bits that VMX operation wants to be 1; PE and PG are free for an unrestricted guest."""
    if cpu.vmx == VMX_OFF:
        return 0
    secondary = secondary_controls(vmcs.reader(hw, cpu)) if non_root(cpu) else 0
    return CR0_FIXED1 & ~(CR0_PE | CR0_PG) if secondary & SEC_UNRESTRICTED_GUEST else CR0_FIXED1


def _illegal_paging_change(cpu: Cpu, new: int) -> bool:
    """The rules of setting and clearing PG (SDM Vol. 3A 4.1.2, 4.10.1)."""
    if not (cpu.cr0 ^ new) & CR0_PG:
        return False
    if cpu.cr0 & CR0_PG:
        return bool(cpu.cr4 & CR4_PCIDE) or long_mode(cpu)
    return bool(cpu.efer & EFER_LME) and not cpu.cr4 & CR4_PAE


def write_cr2(hw: Hardware, cpu: Cpu, value: int) -> None:
    cpu.cr2 = value


def write_cr3(hw: Hardware, cpu: Cpu, value: int) -> None:
    """CR3: bit 63 of the operand asks for no invalidation with PCIDs, and is never stored."""
    new = value & ~CR3_NO_FLUSH if cpu.cr4 & CR4_PCIDE else value
    if too_wide(new, hw.caps):
        raise GuestFault("#GP")
    pdptes = access.load_pdptes(hw, cpu, new) if access.paging_of(hw, cpu).mode == PAE else cpu.pdptes
    invalidate.mov_cr3(hw, cpu, value)
    cpu.pdptes = pdptes
    cpu.cr3 = new


def write_cr4(hw: Hardware, cpu: Cpu, value: int) -> None:
    new = _guest_writes(hw, cpu, "cr4", cpu.cr4, value)
    fixed = 0 if cpu.vmx == VMX_OFF else hw.caps.cr4_fixed0
    if cr4_problem(new, hw.caps, fixed) or _illegal_cr4_change(cpu, new):
        raise GuestFault("#GP")
    pdptes = _pdptes(hw, cpu, cpu.cr0, new, cpu.efer, bool((cpu.cr4 ^ new) & PDPTE_CR4))
    invalidate.mov_cr4(hw, cpu, cpu.cr4, new)
    cpu.pdptes = pdptes
    cpu.cr4 = new


def _illegal_cr4_change(cpu: Cpu, new: int) -> bool:
    """PCIDs start in IA-32e mode with PCID 0; PAE cannot be cleared in that mode, and LA57 not changed."""
    ia32e = bool(cpu.efer & EFER_LMA)
    if new & ~cpu.cr4 & CR4_PCIDE and (not ia32e or cpu.cr3 & 0xFFF):
        return True
    return ia32e and (not new & CR4_PAE or bool((cpu.cr4 ^ new) & CR4_LA57))


def write_ss(hw: Hardware, cpu: Cpu, selector: int) -> None:
    """MOV SS: interrupts, NMIs and debug exceptions wait until the next instruction has completed.

    Simplified: there are no descriptor tables, so the hidden part of SS stays as it is.
    """
    ss = cpu.descriptors.ss
    if selector & RPL != access.cpl(cpu):
        raise GuestFault("#GP", selector & SELECTOR & ~RPL)
    cpu.descriptors = cpu.descriptors._replace(ss=ss._replace(selector=selector & SELECTOR))
    cpu.blocking |= BLOCKING_MOV_SS


def require_level_0(cpu: Cpu) -> None:
    """raises: GuestFault #GP above privilege level 0; before any VM exit."""
    if access.cpl(cpu):
        raise GuestFault("#GP")


WRITERS: Final[dict[str, Callable[[Hardware, Cpu, int], None]]] = {
    "cr0": write_cr0, "cr2": write_cr2, "cr3": write_cr3, "cr4": write_cr4}


def assemble(operands: Operands) -> Operands:
    """A control register and SS take a number; RAX takes a control register."""
    destination, source = operands
    if (destination == RAX) != isinstance(source, str):
        raise UserError(f"mov: {destination} cannot be moved from {source if isinstance(source, str) else hex(source)}",
                        "Write: mov cr3, VALUE or mov rax, cr3 or mov ss, SELECTOR.")
    return operands


@instruction("mov", operands=(DESTINATION, SOURCE), forms=("mov cr3, VALUE", "mov rax, cr3", "mov ss, SELECTOR"), exits=exits,
             assemble=assemble, source="SDM Vol. 2B MOV, MOV (control registers); Vol. 3A 4.10.4.1, 6.8.3; Vol. 3C 25.1.3, 25.3")
def run(hw: Hardware, cpu: Cpu, destination: str, source: int | str) -> None:
    """Write CR0, CR2, CR3, CR4 or SS, or read a control register into RAX."""
    if destination == SS and isinstance(source, int):
        write_ss(hw, cpu, source)
        return
    require_level_0(cpu)
    if isinstance(source, str):
        cpu.rax = _guest_sees(hw, cpu, source, getattr(cpu, source))
    else:
        WRITERS[destination](hw, cpu, source if long_mode(cpu) else source & MASK_32)
