"""The VMCB that a dump brought, field by field."""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw.controls import CR0_BITS, CR4_BITS, EFER_BITS, RFLAGS_BITS, names_of
from kvmdbg.machine.hw.vmcb import VMCB_FIELDS, vmcb_of
from kvmdbg.machine.hw.vmrun_checks import EVENT_TYPES, EVENT_VALID
from kvmdbg.session.grid import Grid, Row, columns
from kvmdbg.session.report_view import View
from kvmdbg.session.reports import report

TLB_CONTROL: Final = {0: "nothing", 1: "flush every ASID", 3: "flush this ASID", 7: "flush this ASID but for globals"}
NESTED: Final = {1 << 0: "NP_ENABLE", 1 << 1: "SEV", 1 << 2: "SEV_ES", 1 << 3: "GMET", 1 << 6: "RO_GUEST_TABLES"}
INT_CTL: Final = {1 << 8: "V_IRQ", 1 << 9: "V_GIF", 1 << 11: "V_NMI", 1 << 12: "V_NMI_BLOCKING", 1 << 20: "V_IGN_TPR",
                  1 << 24: "V_INTR_MASKING", 1 << 25: "V_GIF_ENABLE", 1 << 26: "V_NMI_ENABLE", 1 << 30: "X2AVIC", 1 << 31: "AVIC"}
VIRT_EXT: Final = {1 << 0: "LBR", 1 << 1: "VIRTUAL_VMLOAD_VMSAVE"}
VECTOR3: Final = {1 << i: name for i, name in enumerate(
    "INTR NMI SMI INIT VINTR SELECTIVE_CR0 STORE_IDTR STORE_GDTR STORE_LDTR STORE_TR LOAD_IDTR LOAD_GDTR LOAD_LDTR LOAD_TR RDTSC "
    "RDPMC PUSHF POPF CPUID RSM IRET INTn INVD PAUSE HLT INVLPG INVLPGA IOIO_PROT MSR_PROT TASK_SWITCH FERR_FREEZE "
    "SHUTDOWN".split())}
VECTOR4: Final = {1 << i: name for i, name in enumerate(
    "VMRUN VMMCALL VMLOAD VMSAVE STGI CLGI SKINIT RDTSCP ICEBP WBINVD MONITOR MWAIT MWAIT_COND XSETBV RDPRU".split())}
ATTRIB: Final = {1 << 4: "S", 1 << 7: "P", 1 << 8: "AVL", 1 << 9: "L", 1 << 10: "DB", 1 << 11: "G"}
BITS: Final = {"cr0": CR0_BITS, "cr4": CR4_BITS, "rflags": RFLAGS_BITS, "nested_ctl": NESTED, "int_ctl": INT_CTL,
               "virt_ext": VIRT_EXT,
               "efer": EFER_BITS | {1 << 12: "SVME", 1 << 13: "LMSLE", 1 << 14: "FFXSR", 1 << 15: "TCE"},
               "intercepts3": VECTOR3, "intercepts4": VECTOR4}
EXITS: Final = {
    0x60: "INTR", 0x61: "NMI", 0x62: "SMI", 0x63: "INIT", 0x64: "VINTR", 0x65: "CR0_SEL_WRITE", 0x6E: "RDTSC", 0x6F: "RDPMC",
    0x70: "PUSHF", 0x71: "POPF", 0x72: "CPUID", 0x73: "RSM", 0x74: "IRET", 0x75: "INTn", 0x76: "INVD", 0x77: "PAUSE", 0x78: "HLT",
    0x79: "INVLPG", 0x7A: "INVLPGA", 0x7B: "IOIO", 0x7C: "MSR", 0x7D: "TASK_SWITCH", 0x7F: "SHUTDOWN", 0x80: "VMRUN",
    0x81: "VMMCALL", 0x82: "VMLOAD", 0x83: "VMSAVE", 0x84: "STGI", 0x85: "CLGI", 0x86: "SKINIT", 0x87: "RDTSCP", 0x88: "ICEBP",
    0x89: "WBINVD", 0x8A: "MONITOR", 0x8B: "MWAIT", 0x8C: "MWAIT_COND", 0x8D: "XSETBV", 0x8F: "EFER_WRITE_TRAP", 0xA0: "INVLPGB",
    0xA1: "INVLPGB_ILLEGAL", 0xA2: "INVPCID", 0xA3: "MCOMMIT", 0xA4: "TLBSYNC", 0x400: "NPF", 0x401: "AVIC_INCOMPLETE_IPI",
    0x402: "AVIC_NOACCEL", 0x403: "VMGEXIT"}
INVALID: Final = (0xFFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFF)     # kernels print the exit code in 32 bits until v6.19
NONE: Final = "The machine has no VMCB: `load dmesg FILE` takes one from a kernel's log."


@report("vmcb", title="VMCB")
def vmcb(s: View, argument: str = "") -> Grid:
    """The VMCB that `load dmesg` took from a log: each field with its offset, and what its bits mean.

    `info vmcb cr` shows the fields with that in their name; fields that are zero are left out, unless asked for by name.
    """
    table = vmcb_of(s.kvm.hw)
    wanted = argument.strip().lower()
    if table is None:
        return Grid("VMCB", columns("field"), (), NONE)
    rows = tuple(Row((name, f"{table[name]:x}", f"{VMCB_FIELDS[name].offset:03x}", meaning(name, table[name])), key=name)
                 for name in VMCB_FIELDS if name in table and wanted in name and (wanted or table[name]))
    return Grid("VMCB of vcpu0", columns("field", "value>", "at>", "says/1"), rows, "" if rows else f"No field is called {wanted}.")


def meaning(name: str, value: int) -> str:
    """What a value means, in words; "" where the number says it all."""
    if name in BITS:
        return names_of(value, BITS[name])
    if name.endswith(".attrib"):
        known = names_of(value & ~0x6F, ATTRIB)
        return f"type {value & 0xF:#x} dpl {value >> 5 & 3} {known}".rstrip()
    if name == "tlb_ctl":
        return TLB_CONTROL.get(value, "reserved")
    if name == "exit_code":
        return exit_name(value)
    if name in ("event_inj", "exit_int_info") and value & EVENT_VALID:
        with_code = ", with an error code" if value & 1 << 11 else ""
        return f"{EVENT_TYPES.get(value >> 8 & 7, 'reserved type')} {value & 0xFF:#x}{with_code}"
    return ""


def exit_name(code: int) -> str:
    """The reason of a #VMEXIT."""
    if code in INVALID:
        return "INVALID: VMRUN refused the VMCB"
    for first, name in ((0x00, "read of CR{}"), (0x10, "write of CR{}"), (0x20, "read of DR{}"), (0x30, "write of DR{}")):
        if first <= code < first + 0x10:
            return name.format(code - first)
    if 0x40 <= code < 0x60:
        return f"exception {code - 0x40}"
    return EXITS.get(code, "unknown")
