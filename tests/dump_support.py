"""Kernel logs with dumps, printed as kernels print them, from the fields of a machine of the model."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from kvmdbg.machine.hw import controls as c
from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.fields import by_name
from kvmdbg.session.session import Session

Read = Callable[[str], int]
STYLES = ("v4.2", "v5.10", "v6.12")
SEGMENTS = ("CS", "DS", "SS", "ES", "FS", "GS")
STAMPS = {"v4.2": "[ 1234.5678{n:02}] ", "v5.10": "Nov 21 10:00:{n:02} host kernel: [  99.1000{n:02}] ",
          "v6.12": "<3>[   99.1000{n:02}][ T4711] kvm_intel: "}


def fields(s: Session, **changes: int) -> Read:
    """The fields of vmcs01 of a session, some of them changed."""
    region = s.kvm.vmcs01(s.kvm.vcpus[0])

    def read(name: str) -> int:
        field = by_name(name)
        assert field is not None, name
        return changes[name] if name in changes else vmcs.peek(s.kvm.hw, region, field.encoding)
    return read


def vmcs_log(read: Read, style: str = "v6.12", msrs: tuple[tuple[int, int], ...] = ()) -> str:
    """A log with one dump of a VMCS, and a line before and behind it.  msrs: those of the list "guest autoload"."""
    lines = ["something else", *_lines(read, style, msrs), "something else again"]
    return "".join(STAMPS[style].format(n=n % 60) + line + "\n" for n, line in enumerate(lines))


def _lines(r: Read, style: str, msrs: tuple[tuple[int, int], ...]) -> Iterator[str]:
    old, newest = style == "v4.2", style == "v6.12"
    entry, leave, pin = r("VM_ENTRY_CONTROLS"), r("VM_EXIT_CONTROLS"), r("PIN_BASED_VM_EXEC_CONTROL")
    primary, secondary = r("CPU_BASED_VM_EXEC_CONTROL"), r("SECONDARY_VM_EXEC_CONTROL")
    if newest:
        yield "VMCS 00000000f3a1c2d4, last attempted VM-entry on CPU 5"
    yield "*** Guest State ***"
    for cr in ("CR0", "CR4"):
        yield (f"{cr}: actual=0x{r(f'GUEST_{cr}'):016x}, shadow=0x{r(f'{cr}_READ_SHADOW'):016x}, "
               f"gh_mask={r(f'{cr}_GUEST_HOST_MASK'):016x}")
    yield f"CR3 = 0x{r('GUEST_CR3'):016x}"
    if newest or (secondary & c.SEC_ENABLE_EPT and r("GUEST_CR4") & c.CR4_PAE and not r("GUEST_IA32_EFER") & c.EFER_LMA):
        for i in (0, 2):
            yield f"PDPTR{i} = 0x{r(f'GUEST_PDPTR{i}'):016x}  PDPTR{i + 1} = 0x{r(f'GUEST_PDPTR{i + 1}'):016x}"
    yield f"RSP = 0x{r('GUEST_RSP'):016x}  RIP = 0x{r('GUEST_RIP'):016x}"
    yield f"RFLAGS=0x{r('GUEST_RFLAGS'):08x}         DR7 = 0x{r('GUEST_DR7'):016x}"
    yield (f"Sysenter RSP={r('GUEST_SYSENTER_ESP'):016x} CS:RIP={r('GUEST_SYSENTER_CS'):04x}:{r('GUEST_SYSENTER_EIP'):016x}")
    for name in (*SEGMENTS, "GDTR", "LDTR", "IDTR", "TR"):
        if name in ("GDTR", "IDTR"):
            front = " " * 27
        else:
            front = f"{' ' * (4 - len(name))}sel=0x{r(f'GUEST_{name}_SELECTOR'):04x}, attr=0x{r(f'GUEST_{name}_AR_BYTES'):05x}, "
        yield f"{name}:{front}limit=0x{r(f'GUEST_{name}_LIMIT'):08x}, base=0x{r(f'GUEST_{name}_BASE'):016x}"
    if old:
        if leave & (c.EXIT_SAVE_IA32_PAT | c.EXIT_SAVE_IA32_EFER) or entry & (c.ENTRY_LOAD_IA32_PAT | c.ENTRY_LOAD_IA32_EFER):
            yield f"EFER =     0x{r('GUEST_IA32_EFER'):016x}  PAT = 0x{r('GUEST_IA32_PAT'):016x}"
    else:
        yield f"EFER= 0x{r('GUEST_IA32_EFER'):016x}" + ("" if entry & c.ENTRY_LOAD_IA32_EFER else " (effective)")
        if entry & c.ENTRY_LOAD_IA32_PAT:
            yield f"PAT = 0x{r('GUEST_IA32_PAT'):016x}"
    yield f"DebugCtl = 0x{r('GUEST_IA32_DEBUGCTL'):016x}  DebugExceptions = 0x{r('GUEST_PENDING_DBG_EXCEPTIONS'):016x}"
    yield f"Interruptibility = {r('GUEST_INTERRUPTIBILITY_INFO'):08x}  ActivityState = {r('GUEST_ACTIVITY_STATE'):08x}"
    if secondary & c.SEC_VIRTUAL_INTR_DELIVERY:
        yield f"InterruptStatus = {r('GUEST_INTR_STATUS'):04x}"
    if msrs:
        yield "MSR guest autoload:"
        yield from (f"  {i:2}: msr=0x{index:08x} value=0x{value:016x}" for i, (index, value) in enumerate(msrs))
    yield "*** Host State ***"
    yield f"RIP = 0x{r('HOST_RIP'):016x}  RSP = 0x{r('HOST_RSP'):016x}"
    yield " ".join(f"{name}={r(f'HOST_{name}_SELECTOR'):04x}" for name in ("CS", "SS", "DS", "ES", "FS", "GS", "TR"))
    yield f"FSBase={r('HOST_FS_BASE'):016x} GSBase={r('HOST_GS_BASE'):016x} TRBase={r('HOST_TR_BASE'):016x}"
    yield f"GDTBase={r('HOST_GDTR_BASE'):016x} IDTBase={r('HOST_IDTR_BASE'):016x}"
    yield f"CR0={r('HOST_CR0'):016x} CR3={r('HOST_CR3'):016x} CR4={r('HOST_CR4'):016x}"
    yield (f"Sysenter RSP={r('HOST_IA32_SYSENTER_ESP'):016x} "
           f"CS:RIP={r('HOST_IA32_SYSENTER_CS'):04x}:{r('HOST_IA32_SYSENTER_EIP'):016x}")
    if old:
        if leave & (c.EXIT_LOAD_IA32_PAT | c.EXIT_LOAD_IA32_EFER):
            yield f"EFER = 0x{r('HOST_IA32_EFER'):016x}  PAT = 0x{r('HOST_IA32_PAT'):016x}"
    else:
        if leave & c.EXIT_LOAD_IA32_EFER:
            yield f"EFER= 0x{r('HOST_IA32_EFER'):016x}"
        if leave & c.EXIT_LOAD_IA32_PAT:
            yield f"PAT = 0x{r('HOST_IA32_PAT'):016x}"
    yield "*** Control State ***"
    if newest:
        yield f"CPUBased=0x{primary:08x} SecondaryExec=0x{secondary:08x} TertiaryExec=0x{r('TERTIARY_VM_EXEC_CONTROL'):016x}"
        yield f"PinBased=0x{pin:08x} EntryControls={entry:08x} ExitControls={leave:08x}"
    else:
        yield f"PinBased={pin:08x} CPUBased={primary:08x} SecondaryExec={secondary:08x}"
        yield f"EntryControls={entry:08x} ExitControls={leave:08x}"
    yield (f"ExceptionBitmap={r('EXCEPTION_BITMAP'):08x} PFECmask={r('PAGE_FAULT_ERROR_CODE_MASK'):08x} "
           f"PFECmatch={r('PAGE_FAULT_ERROR_CODE_MATCH'):08x}")
    yield (f"VMEntry: intr_info={r('VM_ENTRY_INTR_INFO_FIELD'):08x} errcode={r('VM_ENTRY_EXCEPTION_ERROR_CODE'):08x} "
           f"ilen={r('VM_ENTRY_INSTRUCTION_LEN'):08x}")
    yield (f"VMExit: intr_info={r('VM_EXIT_INTR_INFO'):08x} errcode={r('VM_EXIT_INTR_ERROR_CODE'):08x} "
           f"ilen={r('VM_EXIT_INSTRUCTION_LEN'):08x}")
    yield f"        reason={r('VM_EXIT_REASON'):08x} qualification={r('EXIT_QUALIFICATION'):016x}"
    yield f"IDTVectoring: info={r('IDT_VECTORING_INFO_FIELD'):08x} errcode={r('IDT_VECTORING_ERROR_CODE'):08x}"
    yield f"TSC Offset = 0x{r('TSC_OFFSET'):016x}"
    if secondary & c.SEC_TSC_SCALING:
        yield f"TSC Multiplier = 0x{r('TSC_MULTIPLIER'):016x}"
    if primary & c.CPU_TPR_SHADOW:
        status = r("GUEST_INTR_STATUS")
        svi = f"SVI|RVI = {status >> 8:02x}|{status & 0xFF:02x} " if secondary & c.SEC_VIRTUAL_INTR_DELIVERY else ""
        yield f"{svi}TPR Threshold = 0x{r('TPR_THRESHOLD'):02x}"
        apic = f"APIC-access addr = 0x{r('APIC_ACCESS_ADDR'):016x} " if secondary & c.SEC_VIRTUALIZE_APIC_ACCESSES else ""
        yield f"{apic}virt-APIC addr = 0x{r('VIRTUAL_APIC_PAGE_ADDR'):016x}"
    if pin & c.PIN_POSTED_INTERRUPTS:
        yield f"PostedIntrVec = 0x{r('POSTED_INTR_NV'):02x}"
    if secondary & c.SEC_ENABLE_EPT:
        yield f"EPT pointer = 0x{r('EPT_POINTER'):016x}"
    if old and r("CR3_TARGET_COUNT"):
        yield f"CR3 target0={r('CR3_TARGET_VALUE0'):016x} target1={r('CR3_TARGET_VALUE1'):016x}"
    if secondary & c.SEC_PAUSE_LOOP_EXITING:
        yield f"PLE Gap={r('PLE_GAP'):08x} Window={r('PLE_WINDOW'):08x}"
    if secondary & c.SEC_ENABLE_VPID:
        yield f"Virtual processor ID = 0x{r('VIRTUAL_PROCESSOR_ID'):04x}"


# -- VMCBs -------------------------------------------------------------------------------------------------------------------

VMCB: dict[str, int] = {
    "cr_read": 0x10, "cr_write": 0x110, "dr_read": 0xFF, "dr_write": 0xFF, "exceptions": 0x60042, "intercepts3": 0xBD4C_8027,
    "intercepts4": 0x264F, "pause_filter_count": 3000, "pause_filter_thresh": 128, "iopm_base_pa": 0x1_2345_6000,
    "msrpm_base_pa": 0x1_2345_8000, "tsc_offset": 0xFFFF_FFFF_0000_0000, "asid": 3, "tlb_ctl": 0, "int_ctl": 0x0100_0200,
    "exit_code": 0xFFFF_FFFF, "nested_ctl": 1, "nested_cr3": 0x1_0BE5_5000, "virt_ext": 2, "event_inj": 0x8000_0320,
    **{f"{name}.{part}": value for name in ("es", "ss", "ds", "fs", "gs") for part, value in
       (("selector", 0x18), ("attrib", 0xC93), ("limit", 0xFFFF_FFFF))},
    "cs.selector": 0x10, "cs.attrib": 0xA9B, "cs.limit": 0xFFFF_FFFF, "gs.base": 0xFFFF_8880_0000_0000, "tr.attrib": 0x8B,
    "efer": 0x1D01, "cr0": 0x8005_0033, "cr3": 0x1000, "cr4": 0x20, "dr6": 0xFFFF_0FF0, "dr7": 0x400, "rip": 0x10_0000,
    "rflags": 2, "rsp": 0x8_0000, "g_pat": 0x0007_0406_0007_0406, "last_excp_to": 0x77}


def vmcb_log(style: str = "v6.12", **changes: int) -> str:
    """A log with one dump of a VMCB.  changes: fields, with two underscores for a dot."""
    values = VMCB | {name.replace("__", "."): value for name, value in changes.items()}
    lines = ["something else", *_vmcb_lines(lambda name: values.get(name, 0), style), "something else again"]
    return "".join(STAMPS[style].format(n=n % 60).replace("intel", "amd") + line + "\n" for n, line in enumerate(lines))


def _vmcb_lines(r: Read, style: str) -> Iterator[str]:
    old, newest = style == "v4.2", style == "v6.12"
    if newest:
        yield "SVM VMCB 00000000f3a1c2d4, last attempted VMRUN on CPU 5"
    yield "VMCB Control Area:"
    for name, digits in (("cr_read", 4), ("cr_write", 4), ("dr_read", 4), ("dr_write", 4), ("exceptions", 8)):
        yield f"{name + ':':20}{r(name):0{digits}x}"
    yield f"{'intercepts:':20}" + (f"{r('intercepts4') << 32 | r('intercepts3'):016x}" if old else
                                   f"{r('intercepts3'):08x} {r('intercepts4'):08x}")
    yield f"{'pause filter count:':20}{r('pause_filter_count')}"
    if newest:
        yield f"{'pause filter threshold:':20}{r('pause_filter_thresh')}"
    for said, name, digits in (("iopm_base_pa", "iopm_base_pa", 16), ("msrpm_base_pa", "msrpm_base_pa", 16),
                               ("tsc_offset", "tsc_offset", 16), ("asid", "asid", 0), ("tlb_ctl", "tlb_ctl", 0),
                               ("int_ctl", "int_ctl", 8), ("int_vector", "int_vector", 8), ("int_state", "int_state", 8),
                               ("exit_code", "exit_code", 8), ("exit_info1", "exit_info_1", 16), ("exit_info2", "exit_info_2", 16),
                               ("exit_int_info", "exit_int_info", 8), ("exit_int_info_err", "exit_int_info_err", 8),
                               ("nested_ctl", "nested_ctl", 0), ("nested_cr3", "nested_cr3", 16), ("event_inj", "event_inj", 8),
                               ("event_inj_err", "event_inj_err", 8), ("lbr_ctl" if old else "virt_ext", "virt_ext", 0),
                               ("next_rip", "next_rip", 16)):
        yield f"{said + ':':20}" + (f"{r(name):0{digits}x}" if digits else f"{r(name)}")
    yield "VMCB State Save Area:"
    for name in ("es", "cs", "ss", "ds", "fs", "gs", "gdtr", "ldtr", "idtr", "tr"):
        yield (f"{name + ':':5} s: {r(f'{name}.selector'):04x} a: {r(f'{name}.attrib'):04x} l: {r(f'{name}.limit'):08x} "
               f"b: {r(f'{name}.base'):016x}")
    yield f"cpl:            {r('cpl')}                efer:         {r('efer'):016x}"
    for left, right in (("cr0", "cr2"), ("cr3", "cr4"), ("dr6", "dr7"), ("rip", "rflags"), ("rsp", "rax"), ("star", "lstar"),
                        ("cstar", "sfmask"), ("kernel_gs_base", "sysenter_cs"), ("sysenter_esp", "sysenter_eip"),
                        ("gpat", "dbgctl"), ("br_from", "br_to"), ("excp_from", "excp_to")):
        names = {"gpat": "g_pat", "excp_from": "last_excp_from", "excp_to": "last_excp_to"}
        yield f"{left + ':':15} {r(names.get(left, left)):016x} {right + ':':13} {r(names.get(right, right)):016x}"
