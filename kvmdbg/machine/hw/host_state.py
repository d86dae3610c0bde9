"""The register state that a VM exit, or a VM entry that fails late, loads from the host-state area (SDM Vol. 3C 27.5)."""

from __future__ import annotations

from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.checking import Read
from kvmdbg.machine.hw.controls import (
    ACTIVITY_ACTIVE,
    AR_UNUSABLE,
    CR0_PG,
    CR4_PAE,
    CR4_PCIDE,
    EFER_LMA,
    EFER_LME,
    EXIT_HOST_ADDR_SPACE_SIZE,
    EXIT_LOAD_IA32_EFER,
    EXIT_LOAD_IA32_PAT,
    RFLAGS_RESERVED1,
)
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.guest_state import CR0_NOT_LOADED
from kvmdbg.machine.hw.memory import read64
from kvmdbg.machine.hw.paging import pdptes_problem, read_pdptes
from kvmdbg.machine.hw.state import VMX_ROOT, Cpu, Descriptors, Hardware, Segment

FLAT_LIMIT: Final = 0xFFFF_FFFF
CODE_64_AR: Final = 0xA09B                # accessed code, P, L, G
CODE_32_AR: Final = 0xC09B                # accessed code, P, D, G
DATA_AR: Final = 0xC093                   # accessed read/write data, P, B, G
BUSY_TSS_AR: Final = 0x8B
DR7_AFTER_EXIT: Final = 0x400


def load(hw: Hardware, cpu: Cpu, read: Read) -> None:
    """The host's registers into the processor, which is in VMX root operation from now on: VPID 0000H, no EPT.

    raises: Unsupported where PDPTEs that cannot be loaded make the processor abort VMX operation.
    """
    leaving = read(F.VM_EXIT_CONTROLS)
    host_64 = bool(leaving & EXIT_HOST_ADDR_SPACE_SIZE)
    cpu.vmx = VMX_ROOT
    cpu.vpid = 0
    cpu.eptp = 0
    cpu.cr0 = read(F.HOST_CR0) & ~CR0_NOT_LOADED | cpu.cr0 & CR0_NOT_LOADED
    cpu.cr3 = read(F.HOST_CR3)
    if not host_64 and cpu.cr0 & CR0_PG and read(F.HOST_CR4) & CR4_PAE:
        _load_pdptes(hw, cpu)
    cpu.cr4 = read(F.HOST_CR4) | CR4_PAE if host_64 else read(F.HOST_CR4) & ~CR4_PCIDE
    cpu.efer = _exit_efer(cpu, read, leaving)
    cpu.dr7 = DR7_AFTER_EXIT
    cpu.debugctl = 0
    if leaving & EXIT_LOAD_IA32_PAT:
        cpu.pat = read(F.HOST_IA32_PAT)
    cpu.descriptors = _descriptors(read, host_64)
    cpu.rsp = read(F.HOST_RSP)
    cpu.rip = read(F.HOST_RIP)
    cpu.rflags = RFLAGS_RESERVED1
    cpu.blocking = 0
    cpu.activity = ACTIVITY_ACTIVE


def _load_pdptes(hw: Hardware, cpu: Cpu) -> None:
    pdptes = read_pdptes(lambda address: read64(hw, address), cpu.cr3)
    problem = "be in memory" if pdptes is None else pdptes_problem(pdptes, hw.caps.maxphyaddr)
    if pdptes is None or problem:
        raise Unsupported(f"VMX abort 2: the host's PDPTEs at {cpu.cr3:#x} must {problem}", "Mend the table that HOST_CR3 names.")
    cpu.pdptes = pdptes


def _exit_efer(cpu: Cpu, read: Read, leaving: int) -> int:
    if leaving & EXIT_LOAD_IA32_EFER:
        return read(F.HOST_IA32_EFER)
    long = EFER_LMA | EFER_LME
    return cpu.efer & ~long | (long if leaving & EXIT_HOST_ADDR_SPACE_SIZE else 0)


def _descriptors(read: Read, host_64: bool) -> Descriptors:
    """Selectors from the VMCS, hidden parts flat; a segment with selector 0 is unusable, except CS and TR."""
    def data(selector: int, base: int = 0) -> Segment:
        return Segment(selector, base, FLAT_LIMIT, DATA_AR if selector else DATA_AR | AR_UNUSABLE)

    return Descriptors(
        es=data(read(F.HOST_ES_SELECTOR)),
        cs=Segment(read(F.HOST_CS_SELECTOR), 0, FLAT_LIMIT, CODE_64_AR if host_64 else CODE_32_AR),
        ss=data(read(F.HOST_SS_SELECTOR)),
        ds=data(read(F.HOST_DS_SELECTOR)),
        fs=data(read(F.HOST_FS_SELECTOR), read(F.HOST_FS_BASE)),
        gs=data(read(F.HOST_GS_SELECTOR), read(F.HOST_GS_BASE)),
        ldtr=Segment(0, 0, 0, AR_UNUSABLE),
        tr=Segment(read(F.HOST_TR_SELECTOR), read(F.HOST_TR_BASE), 0x67, BUSY_TSS_AR),
        gdtr_base=read(F.HOST_GDTR_BASE), gdtr_limit=0xFFFF, idtr_base=read(F.HOST_IDTR_BASE), idtr_limit=0xFFFF,
        sysenter_cs=read(F.HOST_IA32_SYSENTER_CS), sysenter_esp=read(F.HOST_IA32_SYSENTER_ESP),
        sysenter_eip=read(F.HOST_IA32_SYSENTER_EIP),
    )
