"""KVM's dump_vmcs(): what it prints on an entry that failed or an exit that nobody expected (vmx.c, since 4eb64dce8d0a in v4.2).

The forms of all kernels together: they do not contradict one another.  v4.2 to v5.9 print EFER and PAT on one line and the four CR3
targets; since v5.10 EFER says where it comes from and MSR areas are listed; since v5.14 a header names the VMCS; since v5.19
there are tertiary controls; CET in 2025.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from kvmdbg.machine.hw import controls as c
from kvmdbg.machine.hw.fields import F, by_name
from kvmdbg.session.dumps.dump import Dump, dumps_in
from kvmdbg.session.dumps.form import form

SEGMENTS: Final = ("CS", "DS", "SS", "ES", "FS", "GS", "LDTR", "TR")
GUEST, HOST, CONTROL = "*** Guest State ***", "*** Host State ***", "*** Control State ***"
ENTRY_LOAD, EXIT_STORE, EXIT_LOAD = "guest autoload", "guest autostore", "host autoload"
EFFECTIVE, AUTOLOAD = "EFER_EFFECTIVE", "EFER_AUTOLOAD"       # not of the VMCS: what KVM thinks, and an MSR area
_HEADER: Final = re.compile(r"VMCS \S+, last attempted VM-entry on CPU -?\d+")
_LIST: Final = re.compile(r"MSR (guest autoload|guest autostore|host autoload):$")

_GUEST: Final = (
    "CR0: actual={GUEST_CR0}, shadow={CR0_READ_SHADOW}, gh_mask={CR0_GUEST_HOST_MASK}",
    "CR4: actual={GUEST_CR4}, shadow={CR4_READ_SHADOW}, gh_mask={CR4_GUEST_HOST_MASK}",
    "CR3 = {GUEST_CR3}",
    "PDPTR0 = {GUEST_PDPTR0} PDPTR1 = {GUEST_PDPTR1}", "PDPTR2 = {GUEST_PDPTR2} PDPTR3 = {GUEST_PDPTR3}",
    "RSP = {GUEST_RSP} RIP = {GUEST_RIP}", "RFLAGS={GUEST_RFLAGS} DR7 = {GUEST_DR7}",
    "Sysenter RSP={GUEST_SYSENTER_ESP} CS:RIP={GUEST_SYSENTER_CS}:{GUEST_SYSENTER_EIP}",
    *(f"{name}: sel={{GUEST_{name}_SELECTOR}}, attr={{GUEST_{name}_AR_BYTES}}, limit={{GUEST_{name}_LIMIT}}, "
      f"base={{GUEST_{name}_BASE}}" for name in SEGMENTS),
    "GDTR: limit={GUEST_GDTR_LIMIT}, base={GUEST_GDTR_BASE}", "IDTR: limit={GUEST_IDTR_LIMIT}, base={GUEST_IDTR_BASE}",
    f"EFER = {{{AUTOLOAD}}} (autoload)", f"EFER = {{{EFFECTIVE}}} (effective)",
    "EFER = {GUEST_IA32_EFER}", "PAT = {GUEST_IA32_PAT}",
    "DebugCtl = {GUEST_IA32_DEBUGCTL} DebugExceptions = {GUEST_PENDING_DBG_EXCEPTIONS}",
    "PerfGlobCtl = {GUEST_IA32_PERF_GLOBAL_CTRL}", "BndCfgS = {GUEST_BNDCFGS}",
    "S_CET = {GUEST_S_CET}, SSP = {GUEST_SSP}, SSP TABLE = {GUEST_INTR_SSP_TABLE}",
    "Interruptibility = {GUEST_INTERRUPTIBILITY_INFO} ActivityState = {GUEST_ACTIVITY_STATE}",
    "InterruptStatus = {GUEST_INTR_STATUS}")
_HOST: Final = (
    "RIP = {HOST_RIP} RSP = {HOST_RSP}",
    "CS={HOST_CS_SELECTOR} SS={HOST_SS_SELECTOR} DS={HOST_DS_SELECTOR} ES={HOST_ES_SELECTOR} FS={HOST_FS_SELECTOR} "
    "GS={HOST_GS_SELECTOR} TR={HOST_TR_SELECTOR}",
    "FSBase={HOST_FS_BASE} GSBase={HOST_GS_BASE} TRBase={HOST_TR_BASE}", "GDTBase={HOST_GDTR_BASE} IDTBase={HOST_IDTR_BASE}",
    "CR0={HOST_CR0} CR3={HOST_CR3} CR4={HOST_CR4}",
    "Sysenter RSP={HOST_IA32_SYSENTER_ESP} CS:RIP={HOST_IA32_SYSENTER_CS}:{HOST_IA32_SYSENTER_EIP}",
    "EFER = {HOST_IA32_EFER}", "PAT = {HOST_IA32_PAT}", "PerfGlobCtl = {HOST_IA32_PERF_GLOBAL_CTRL}",
    "S_CET = {HOST_S_CET}, SSP = {HOST_SSP}, SSP TABLE = {HOST_INTR_SSP_TABLE}")
_CONTROL: Final = (
    "PinBased={PIN_BASED_VM_EXEC_CONTROL}", "CPUBased={CPU_BASED_VM_EXEC_CONTROL}", "SecondaryExec={SECONDARY_VM_EXEC_CONTROL}",
    "TertiaryExec={TERTIARY_VM_EXEC_CONTROL}", "EntryControls={VM_ENTRY_CONTROLS}", "ExitControls={VM_EXIT_CONTROLS}",
    "ExceptionBitmap={EXCEPTION_BITMAP} PFECmask={PAGE_FAULT_ERROR_CODE_MASK} PFECmatch={PAGE_FAULT_ERROR_CODE_MATCH}",
    "VMEntry: intr_info={VM_ENTRY_INTR_INFO_FIELD} errcode={VM_ENTRY_EXCEPTION_ERROR_CODE} ilen={VM_ENTRY_INSTRUCTION_LEN}",
    "VMExit: intr_info={VM_EXIT_INTR_INFO} errcode={VM_EXIT_INTR_ERROR_CODE} ilen={VM_EXIT_INSTRUCTION_LEN}",
    "reason={VM_EXIT_REASON} qualification={EXIT_QUALIFICATION}",
    "IDTVectoring: info={IDT_VECTORING_INFO_FIELD} errcode={IDT_VECTORING_ERROR_CODE}",
    "TSC Offset = {TSC_OFFSET}", "TSC Multiplier = {TSC_MULTIPLIER}", "SVI|RVI = {SVI}|{RVI}", "TPR Threshold = {TPR_THRESHOLD}",
    "APIC-access addr = {APIC_ACCESS_ADDR}", "virt-APIC addr = {VIRTUAL_APIC_PAGE_ADDR}", "PostedIntrVec = {POSTED_INTR_NV}",
    "EPT pointer = {EPT_POINTER}", "PLE Gap={PLE_GAP} Window={PLE_WINDOW}", "Virtual processor ID = {VIRTUAL_PROCESSOR_ID}",
    *(f"CR3 target{i}={{CR3_TARGET_VALUE{i}}} target{i + 1}={{CR3_TARGET_VALUE{i + 1}}}" for i in (0, 2)),
    *(f"CR3 target{i}={{CR3_TARGET_VALUE{i}}}" for i in range(4)),
    "VE info address = {VE_INFORMATION_ADDRESS}")

# What stands in a dump only when a control asks for it: field -> (control field, bits).
_CONDITIONS: Final = {
    "GUEST_IA32_PAT": (F.VM_ENTRY_CONTROLS, c.ENTRY_LOAD_IA32_PAT),
    "GUEST_IA32_PERF_GLOBAL_CTRL": (F.VM_ENTRY_CONTROLS, c.ENTRY_LOAD_IA32_PERF_GLOBAL_CTRL),
    "GUEST_IA32_EFER": (F.VM_ENTRY_CONTROLS, c.ENTRY_LOAD_IA32_EFER), "GUEST_BNDCFGS": (F.VM_ENTRY_CONTROLS, c.ENTRY_LOAD_BNDCFGS),
    "HOST_IA32_EFER": (F.VM_EXIT_CONTROLS, c.EXIT_LOAD_IA32_EFER), "HOST_IA32_PAT": (F.VM_EXIT_CONTROLS, c.EXIT_LOAD_IA32_PAT),
    "HOST_IA32_PERF_GLOBAL_CTRL": (F.VM_EXIT_CONTROLS, c.EXIT_LOAD_IA32_PERF_GLOBAL_CTRL),
    "TPR_THRESHOLD": (F.CPU_BASED_VM_EXEC_CONTROL, c.CPU_TPR_SHADOW),
    "VIRTUAL_APIC_PAGE_ADDR": (F.CPU_BASED_VM_EXEC_CONTROL, c.CPU_TPR_SHADOW),
    "EPT_POINTER": (F.SECONDARY_VM_EXEC_CONTROL, c.SEC_ENABLE_EPT),
    "VIRTUAL_PROCESSOR_ID": (F.SECONDARY_VM_EXEC_CONTROL, c.SEC_ENABLE_VPID),
    "POSTED_INTR_NV": (F.PIN_BASED_VM_EXEC_CONTROL, c.PIN_POSTED_INTERRUPTS),
    "GUEST_INTR_STATUS": (F.SECONDARY_VM_EXEC_CONTROL, c.SEC_VIRTUAL_INTR_DELIVERY)}
_SOMETIMES: Final = {"GUEST_PDPTR0", "GUEST_PDPTR1", "GUEST_PDPTR2", "GUEST_PDPTR3", "TERTIARY_VM_EXEC_CONTROL", "TSC_MULTIPLIER",
                     "APIC_ACCESS_ADDR", "PLE_GAP", "PLE_WINDOW", "SVI", "RVI", EFFECTIVE, AUTOLOAD, "VE_INFORMATION_ADDRESS",
                     *(f"CR3_TARGET_VALUE{i}" for i in range(4)),
                     *(f"{who}_{name}" for who in ("GUEST", "HOST") for name in ("S_CET", "SSP", "INTR_SSP_TABLE"))}


class VmcsFormat:
    """How dump_vmcs() prints; see dump.Format."""

    name = "VMCS"
    sections = {GUEST: tuple(map(form, _GUEST)), HOST: tuple(map(form, _HOST)), CONTROL: tuple(map(form, _CONTROL))}
    ignored = (form("ve_info:"),)

    def header(self, text: str) -> bool:
        return _HEADER.match(text) is not None

    def listed(self, text: str) -> str:
        match = _LIST.match(text)
        return match.group(1) if match else ""


def vmcs_dumps(log: str) -> Iterator[Dump]:
    """The dumps of VMCSs in a log, in order."""
    for dump in dumps_in(log, VmcsFormat()):
        _join_interrupt_status(dump)
        yield dump


def _join_interrupt_status(dump: Dump) -> None:
    """SVI and RVI are the two halves of the guest interrupt status, which newer kernels print as well."""
    if "SVI" in dump.values:
        status = dump.values["SVI"] << 8 | dump.values["RVI"]
        if dump.values.setdefault("GUEST_INTR_STATUS", status) != status:
            dump.contradictions.append(f"GUEST_INTR_STATUS is {dump.values['GUEST_INTR_STATUS']:#x}, and SVI|RVI says {status:#x}")


def fields_of(dump: Dump) -> dict[int, int]:
    """Encoding -> value of the fields of the VMCS that the dump has."""
    found = ((by_name(name), value) for name, value in dump.values.items())
    return {field.encoding: value for field, value in found if field is not None}


def too_wide(dump: Dump) -> list[str]:
    """Numbers that do not fit their fields: the log is damaged there."""
    found = ((by_name(name), value) for name, value in dump.values.items())
    return [f"{field.name} = {value:#x} does not fit {field.width or 64} bits" for field, value in found
            if field is not None and value & ~field.mask]


def printed(fields: dict[int, int]) -> list[str]:
    """Names of what a kernel prints of a VMCS with these controls, as far as that does not depend on the kernel."""
    names = [name for forms in VmcsFormat.sections.values() for one in forms for name in one.names if name not in _SOMETIMES]
    return [name for name in dict.fromkeys(names)
            if name not in _CONDITIONS or fields.get(_CONDITIONS[name][0], 0) & _CONDITIONS[name][1]]


def missing(dump: Dump) -> list[str]:
    """Names of fields that a whole dump would have: it was cut off, or lines are lost."""
    fields = fields_of(dump)
    return [name for name in printed(fields) if name not in dump.values]
