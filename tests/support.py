"""What tests of every room share: where the common material lies, and processors in a sane state."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from kvmdbg.machine.hw.controls import (
    CR0_ET,
    CR0_MP,
    CR0_NE,
    CR0_PE,
    CR0_PG,
    CR0_WP,
    CR4_PAE,
    EFER_LMA,
    EFER_LME,
    EFER_NXE,
    RFLAGS_RESERVED1,
)
from kvmdbg.machine.hw.memory import alloc_frame, read64, write64
from kvmdbg.machine.hw.paging import ADDRESS, RW, US, P, index
from kvmdbg.machine.hw.state import NO_INSN, NO_PDPTES, NO_VMCS, VMX_NON_ROOT, VMX_OFF, Caps, Cpu, Descriptors, Hardware, Segment
from kvmdbg.tape import Tape

HOST_CR3 = 0x1000
EPT_WB_4LEVEL = 0x1E                     # EPTP bits 11:0: write-back, walk length 4, no accessed and dirty flags


def shared_path() -> Path:
    """The folder of common material: KVMDBG_SHARED, else `shared` next to the checkout. Fails loudly without it."""
    path = Path(os.environ.get("KVMDBG_SHARED") or Path(__file__).resolve().parents[2] / "shared")
    if not path.is_dir():
        raise FileNotFoundError(f"{path} is missing: set KVMDBG_SHARED to the folder that holds spec/ and seeds/")
    return path


def flat_descriptors(cpl: int = 0) -> Descriptors:
    """Flat 64-bit segments whose privilege level (DPL of CS and SS) is `cpl`."""
    def segment(selector: int, ar: int) -> Segment:
        return Segment(selector, 0, 0xFFFF_FFFF, ar)

    code = segment(0x10 | cpl, 0xA09B | cpl << 5)
    data = segment(0x18 | cpl, 0xC093 | cpl << 5)
    return Descriptors(es=data, cs=code, ss=data, ds=data, fs=data, gs=data, ldtr=Segment(0, 0, 0, 0x1_0000),
                       tr=Segment(0x40, 0, 0x67, 0x8B), gdtr_base=0, gdtr_limit=0x7F, idtr_base=0, idtr_limit=0xFFF,
                       sysenter_cs=0, sysenter_esp=0, sysenter_eip=0)


def new_hardware(caps: Caps = Caps(), cpus: int = 1) -> Hardware:
    """Processors in 64-bit mode at CPL 0, outside VMX operation, CR3 = HOST_CR3; memory is all zero."""
    tape = Tape()
    processors = tuple(
        Cpu(tape, f"cpu{number}", id=number, vmx=VMX_OFF, vmxon_pointer=NO_VMCS, current_vmcs=NO_VMCS,
            cr0=CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_PG, cr2=0, cr3=HOST_CR3, pdptes=NO_PDPTES, cr4=CR4_PAE,
            efer=EFER_LME | EFER_LMA | EFER_NXE, pat=0x0007_0406_0007_0406, debugctl=0, dr6=0xFFFF_0FF0, dr7=0x400, rip=0, rsp=0,
            rflags=RFLAGS_RESERVED1, rax=0, descriptors=flat_descriptors(), vpid=0, eptp=0, exit_insn=NO_INSN, blocking=0,
            activity=0, fills=0)
        for number in range(cpus))
    return Hardware(tape, caps, processors)


def enter_non_root(cpu: Cpu, vpid: int = 0, eptp: int = 0) -> None:
    """Put `cpu` where a VM entry would have put it, as far as address translation is concerned."""
    cpu.vmx = VMX_NON_ROOT
    cpu.vpid = vpid
    cpu.eptp = eptp


def map_page(hw: Hardware, cr3: int, la: int, entry: int, level: int = 1, base: int = 0, flags: int = P | RW | US) -> int:
    """Make `entry` the leaf for `la` at `level` (1 or 2) of the tables at CR3; the physical address of that entry.

    Missing tables are made in new frames, with `flags`.
    base: what to add to an address that the tables hold to get the physical one; 0 unless they are a guest's.
    """
    table = cr3 & ADDRESS
    for at in range(4, level, -1):
        cell = base + table + index(la, at) * 8
        if not read64(hw, cell) & P:
            write64(hw, cell, alloc_frame(hw, "a test's table") - base | flags)
        table = read64(hw, cell) & ADDRESS
    cell = base + table + index(la, level) * 8
    write64(hw, cell, entry)
    return cell


def map_ept(hw: Hardware, eptp: int, gpa: int, entry: int, level: int = 1, flags: int = 7) -> int:
    """As map_page for the EPT tables at EPTP: bits 0, 7 and 51:12 mean the same there. `flags` must have bit 0."""
    return map_page(hw, eptp, gpa, entry, level, 0, flags)


def events(hw: Hardware, *kinds: type, start: int = 0) -> list[Any]:
    """The events on the tape from position `start` on, of the given types only (default all)."""
    return [event for _, event in hw.tape.events(start) if not kinds or isinstance(event, kinds)]
