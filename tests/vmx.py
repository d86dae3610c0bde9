"""A processor in VMX root operation, and a VMCS whose VM entry succeeds."""

from __future__ import annotations

import re

from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.capabilities import required_controls
from kvmdbg.machine.hw.checking import Check, Problem, Read
from kvmdbg.machine.hw.controls import (
    AR_UNUSABLE,
    CPU_SECONDARY_CONTROLS,
    CR0_ET,
    CR0_NE,
    CR0_PE,
    CR0_PG,
    CR0_WP,
    CR4_PAE,
    CR4_VMXE,
    EFER_LMA,
    EFER_LME,
    EFER_NXE,
    ENTRY_IA32E_MODE,
    ENTRY_LOAD_IA32_EFER,
    EXIT_HOST_ADDR_SPACE_SIZE,
    EXIT_LOAD_IA32_EFER,
    EXIT_SAVE_IA32_EFER,
    SEC_ENABLE_EPT,
    SEC_ENABLE_VPID,
    SEC_SHADOW_VMCS,
)
from kvmdbg.machine.hw.entry import vm_entry
from kvmdbg.machine.hw.fields import FIELDS, F
from kvmdbg.machine.hw.memory import read64, write64
from kvmdbg.machine.hw.segment_checks import CODE_AND_DATA, CS, LDTR, TR
from kvmdbg.machine.hw.state import VMX_ROOT, Caps, Cpu, Hardware
from support import HOST_CR3, flat_descriptors, new_hardware

REGION = 0x4000
OTHER_REGION = 0x5000
VMXON_REGION = 0x3000
GUEST_CR3 = 0x2000
EPTP = 0x7_001E
VPID = 5
GUEST_RIP = 0x1_0000
HOST_RIP = 0xFFFF_8000_0000_1000
CR0 = CR0_PE | CR0_ET | CR0_NE | CR0_WP | CR0_PG
LONG_EFER = EFER_LME | EFER_LMA | EFER_NXE

GOOD = {
    F.VIRTUAL_PROCESSOR_ID: VPID, F.EPT_POINTER: EPTP,
    F.CPU_BASED_VM_EXEC_CONTROL: CPU_SECONDARY_CONTROLS, F.SECONDARY_VM_EXEC_CONTROL: SEC_ENABLE_VPID | SEC_ENABLE_EPT,
    F.VM_EXIT_CONTROLS: EXIT_HOST_ADDR_SPACE_SIZE | EXIT_LOAD_IA32_EFER | EXIT_SAVE_IA32_EFER,
    F.VM_ENTRY_CONTROLS: ENTRY_IA32E_MODE | ENTRY_LOAD_IA32_EFER,
    F.HOST_CR0: CR0, F.HOST_CR3: HOST_CR3, F.HOST_CR4: CR4_PAE | CR4_VMXE, F.HOST_IA32_EFER: LONG_EFER,
    F.HOST_CS_SELECTOR: 0x10, F.HOST_SS_SELECTOR: 0x18, F.HOST_TR_SELECTOR: 0x40, F.HOST_RIP: HOST_RIP, F.HOST_RSP: 0x8000,
    F.GUEST_CR0: CR0, F.GUEST_CR3: GUEST_CR3, F.GUEST_CR4: CR4_PAE | CR4_VMXE, F.GUEST_IA32_EFER: LONG_EFER,
    F.GUEST_RIP: GUEST_RIP, F.GUEST_RSP: 0x9000, F.GUEST_RFLAGS: 2, F.VMCS_LINK_POINTER: 0xFFFF_FFFF_FFFF_FFFF,
    F.GUEST_GDTR_LIMIT: 0x7F, F.GUEST_IDTR_LIMIT: 0xFFF,
    **{segment.selector: 0x10 for segment in CODE_AND_DATA}, **{segment.limit: 0xFFFF_FFFF for segment in CODE_AND_DATA},
    **{segment.ar: 0xC093 for segment in CODE_AND_DATA}, CS.ar: 0xA09B,
    TR.selector: 0x40, TR.limit: 0x67, TR.ar: 0x8B, LDTR.ar: AR_UNUSABLE,
}


def in_root(caps: Caps = Caps()) -> tuple[Hardware, Cpu]:
    """Processor 0 in VMX root operation, no current VMCS; the regions hold their revision identifier."""
    hw = new_hardware(caps)
    cpu = hw.cpus[0]
    for region in (VMXON_REGION, REGION, OTHER_REGION):
        write64(hw, region, vmcs.VMCS_REVISION)
    cpu.cr4 |= CR4_VMXE
    cpu.vmx = VMX_ROOT
    cpu.vmxon_pointer = VMXON_REGION
    return hw, cpu


def with_vmcs(changes: dict[int, int] | None = None, caps: Caps = Caps()) -> tuple[Hardware, Cpu]:
    """As in_root, with REGION clear, current and filled: GOOD, `changes` (encoding -> value) and the controls that must be 1."""
    hw, cpu = in_root(caps)
    vmcs.clear(hw, cpu, REGION)
    vmcs.load(hw, cpu, REGION)
    required = required_controls(caps)
    for field, value in {**dict.fromkeys(required, 0), **GOOD, **(changes or {})}.items():
        vmcs.write(hw, cpu, field, value | required.get(field, 0))
    return hw, cpu


def in_guest(changes: dict[int, int] | None = None, cpl: int = 0, caps: Caps = Caps()) -> tuple[Hardware, Cpu]:
    """The guest of with_vmcs, after its VM entry, at privilege level `cpl`."""
    hw, cpu = with_vmcs(changes, caps)
    result = vm_entry(hw, cpu, launch=True)
    assert result.entered, result.check
    cpu.descriptors = flat_descriptors(cpl)
    return hw, cpu


def reader(hw: Hardware, cpu: Cpu) -> Read:
    """What the checks take: the fields of the current VMCS."""
    return lambda encoding: vmcs.read(hw, cpu, encoding)


SHADOW_REGION = 0xC000
VMREAD_BITMAP = 0xD000
VMWRITE_BITMAP = 0xE000
SHADOWING = {F.SECONDARY_VM_EXEC_CONTROL: SEC_SHADOW_VMCS, F.VMCS_LINK_POINTER: SHADOW_REGION, F.VMREAD_BITMAP: VMREAD_BITMAP,
             F.VMWRITE_BITMAP: VMWRITE_BITMAP}


def in_shadowing_guest(changes: dict[int, int] | None = None, cpl: int = 0, caps: Caps = Caps()) -> tuple[Hardware, Cpu]:
    """A guest without EPT whose VMREAD and VMWRITE reach the shadow VMCS at SHADOW_REGION: both bitmaps are all zero."""
    hw, cpu = with_vmcs({**SHADOWING, **(changes or {})}, caps)
    write64(hw, SHADOW_REGION, vmcs.VMCS_REVISION | vmcs.SHADOW_INDICATOR)
    result = vm_entry(hw, cpu, launch=True)
    assert result.entered, result.check
    cpu.descriptors = flat_descriptors(cpl)
    return hw, cpu


def intercept(hw: Hardware, bitmap: int, encoding: int) -> None:
    """Let a bitmap ask for a VM exit for the field."""
    cell = bitmap + (encoding >> 6) * 8
    write64(hw, cell, read64(hw, cell) | 1 << encoding % 64)


def says_everything(problem: Problem, check: Check, found: Read) -> bool:
    """Does the text of a failed check name the field, its value, what is allowed and the manual's section?"""
    parts = re.fullmatch(r"(\w+) = (0x[0-9a-f]+): must \S.* \((SDM Vol\. 3C 26[\d.]+)\)", problem.text)
    return parts is not None and parts.groups() == (FIELDS[check.field].name, f"{found(check.field):#x}", check.source) \
        and (problem.check, problem.area, problem.qualification) == (check.name, check.area, check.qualification)
