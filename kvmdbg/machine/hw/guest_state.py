"""The register state that VM entry loads from the guest-state area and VM exit saves to it (SDM Vol. 3C 26.3.2, 27.3)."""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.access import paging_of
from kvmdbg.machine.hw.checking import Read, secondary_controls
from kvmdbg.machine.hw.controls import (
    CR0_CD,
    CR0_ET,
    CR0_NW,
    CR0_PG,
    CR4_PAE,
    EFER_LMA,
    EFER_LME,
    ENTRY_IA32E_MODE,
    ENTRY_LOAD_DEBUG_CONTROLS,
    ENTRY_LOAD_IA32_EFER,
    ENTRY_LOAD_IA32_PAT,
    EXIT_SAVE_DEBUG_CONTROLS,
    EXIT_SAVE_IA32_EFER,
    EXIT_SAVE_IA32_PAT,
    SEC_ENABLE_EPT,
)
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.memory import read64
from kvmdbg.machine.hw.paging import PAE, read_pdptes
from kvmdbg.machine.hw.segment_checks import CS, DS, ES, FS, GS, LDTR, SS, TR, Fields
from kvmdbg.machine.hw.state import NO_PDPTES, Cpu, Descriptors, Hardware, Pdptes, Segment

CR0_NOT_LOADED: Final = CR0_ET | CR0_NW | CR0_CD      # VM entry and VM exit leave these bits of CR0 alone
# both in the order of the fields of Descriptors
SEGMENTS: Final = {"es": ES, "cs": CS, "ss": SS, "ds": DS, "fs": FS, "gs": GS, "ldtr": LDTR, "tr": TR}
TABLES: Final = {
    "gdtr_base": F.GUEST_GDTR_BASE, "gdtr_limit": F.GUEST_GDTR_LIMIT, "idtr_base": F.GUEST_IDTR_BASE,
    "idtr_limit": F.GUEST_IDTR_LIMIT, "sysenter_cs": F.GUEST_SYSENTER_CS, "sysenter_esp": F.GUEST_SYSENTER_ESP,
    "sysenter_eip": F.GUEST_SYSENTER_EIP,
}
PDPTES: Final = (F.GUEST_PDPTR0, F.GUEST_PDPTR1, F.GUEST_PDPTR2, F.GUEST_PDPTR3)


def load(hw: Hardware, cpu: Cpu, read: Read) -> None:
    """VM entry: the guest's registers into the processor. CR2 and RAX are software's to switch."""
    entry = read(F.VM_ENTRY_CONTROLS)
    cpu.cr0 = read(F.GUEST_CR0) & ~CR0_NOT_LOADED | cpu.cr0 & CR0_NOT_LOADED
    cpu.cr3 = read(F.GUEST_CR3)
    if uses_pae(read):
        cpu.pdptes = pdptes(hw, read)
    cpu.cr4 = read(F.GUEST_CR4)
    cpu.efer = _entry_efer(cpu, read, entry)
    if entry & ENTRY_LOAD_DEBUG_CONTROLS:
        cpu.dr7 = read(F.GUEST_DR7)
        cpu.debugctl = read(F.GUEST_IA32_DEBUGCTL)
    if entry & ENTRY_LOAD_IA32_PAT:
        cpu.pat = read(F.GUEST_IA32_PAT)
    cpu.descriptors = _read_descriptors(read)
    cpu.rsp = read(F.GUEST_RSP)
    cpu.rip = read(F.GUEST_RIP)
    cpu.rflags = read(F.GUEST_RFLAGS)
    cpu.blocking = read(F.GUEST_INTERRUPTIBILITY_INFO)
    cpu.activity = read(F.GUEST_ACTIVITY_STATE)


def uses_pae(read: Read) -> bool:
    """Will the guest be in PAE paging?"""
    return (bool(read(F.GUEST_CR0) & CR0_PG) and bool(read(F.GUEST_CR4) & CR4_PAE)
            and not read(F.VM_ENTRY_CONTROLS) & ENTRY_IA32E_MODE)


def pdptes(hw: Hardware, read: Read) -> Pdptes:
    """The PDPTEs of a guest in PAE paging: with EPT their fields, without it memory at CR3 (SDM Vol. 3C 26.3.2.4)."""
    if secondary_controls(read) & SEC_ENABLE_EPT:
        first, second, third, fourth = (read(field) for field in PDPTES)
        return first, second, third, fourth
    return read_pdptes(lambda address: read64(hw, address), read(F.GUEST_CR3)) or NO_PDPTES


def _entry_efer(cpu: Cpu, read: Read, entry: int) -> int:
    """IA32_EFER from its field, or LMA (and with paging LME) from the "IA-32e mode guest" control."""
    if entry & ENTRY_LOAD_IA32_EFER:
        return read(F.GUEST_IA32_EFER)
    driven = EFER_LMA | EFER_LME if read(F.GUEST_CR0) & CR0_PG else EFER_LMA
    return cpu.efer & ~driven | (driven if entry & ENTRY_IA32E_MODE else 0)


def _read_descriptors(read: Read) -> Descriptors:
    segments = (_read_segment(read, fields) for fields in SEGMENTS.values())
    return Descriptors._make((*segments, *(read(field) for field in TABLES.values())))


def _read_segment(read: Read, fields: Fields) -> Segment:
    return Segment(read(fields.selector), read(fields.base), read(fields.limit), read(fields.ar))


def save(hw: Hardware, cpu: Cpu) -> None:
    """VM exit: the processor's registers into the current VMCS.

    The PDPTE fields are defined after a VM exit from PAE paging with EPT only; else they keep what they held.
    """
    read = vmcs.reader(hw, cpu)
    saved = _saved(cpu, read(F.VM_EXIT_CONTROLS))
    if hw.caps.unrestricted_guest:                    # SDM Vol. 3C 27.2.1: the control follows IA32_EFER.LMA
        entry = read(F.VM_ENTRY_CONTROLS) & ~ENTRY_IA32E_MODE
        saved[F.VM_ENTRY_CONTROLS] = entry | (ENTRY_IA32E_MODE if cpu.efer & EFER_LMA else 0)
    if cpu.eptp and paging_of(hw, cpu).mode == PAE:
        saved |= dict(zip(PDPTES, cpu.pdptes, strict=True))
    if cpu.descriptors != _read_descriptors(read):
        saved |= _saved_descriptors(cpu.descriptors)
    for field, value in saved.items():
        vmcs.write(hw, cpu, field, value)


def _saved(cpu: Cpu, leaving: int) -> dict[int, int]:
    """Encoding -> value of what VM-exit controls `leaving` save, without the descriptors."""
    saved = {F.GUEST_CR0: cpu.cr0, F.GUEST_CR3: cpu.cr3, F.GUEST_CR4: cpu.cr4, F.GUEST_RSP: cpu.rsp, F.GUEST_RIP: cpu.rip,
             F.GUEST_RFLAGS: cpu.rflags, F.GUEST_INTERRUPTIBILITY_INFO: cpu.blocking, F.GUEST_ACTIVITY_STATE: cpu.activity}
    if leaving & EXIT_SAVE_DEBUG_CONTROLS:
        saved |= {F.GUEST_DR7: cpu.dr7, F.GUEST_IA32_DEBUGCTL: cpu.debugctl}
    if leaving & EXIT_SAVE_IA32_PAT:
        saved[F.GUEST_IA32_PAT] = cpu.pat
    if leaving & EXIT_SAVE_IA32_EFER:
        saved[F.GUEST_IA32_EFER] = cpu.efer
    return saved


def _saved_descriptors(descriptors: Descriptors) -> dict[int, int]:
    """Encoding -> value of every segment and table register."""
    saved = {field: getattr(descriptors, name) for name, field in TABLES.items()}
    for name, fields in SEGMENTS.items():
        segment: Segment = getattr(descriptors, name)
        saved |= {fields.selector: segment.selector, fields.base: segment.base, fields.limit: segment.limit,
                  fields.ar: segment.ar}
    return saved
