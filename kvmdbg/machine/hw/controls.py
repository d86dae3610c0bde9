"""Bits of control registers and VMCS controls, exit reasons, VM-instruction errors.

Bits are plain ints under the names that Linux and the manual use. Sources: SDM Vol. 3A 2.5 (CR0, CR4), 2.2.1 (EFER),
Vol. 1 3.4.3 (RFLAGS), Vol. 3C 24.6-24.8 (VMCS controls), Vol. 3D appendices A and C; architecture.md E.1, E.3, D.
"""

from __future__ import annotations

from typing import Final

# -- CR0 ------------------------------------------------------------------------------------------------------------
CR0_PE: Final = 1 << 0
CR0_MP: Final = 1 << 1
CR0_EM: Final = 1 << 2
CR0_TS: Final = 1 << 3
CR0_ET: Final = 1 << 4
CR0_NE: Final = 1 << 5
CR0_WP: Final = 1 << 16
CR0_AM: Final = 1 << 18
CR0_NW: Final = 1 << 29
CR0_CD: Final = 1 << 30
CR0_PG: Final = 1 << 31

# -- CR4 ------------------------------------------------------------------------------------------------------------
CR4_VME: Final = 1 << 0
CR4_PVI: Final = 1 << 1
CR4_TSD: Final = 1 << 2
CR4_DE: Final = 1 << 3
CR4_PSE: Final = 1 << 4
CR4_PAE: Final = 1 << 5
CR4_MCE: Final = 1 << 6
CR4_PGE: Final = 1 << 7
CR4_PCE: Final = 1 << 8
CR4_OSFXSR: Final = 1 << 9
CR4_OSXMMEXCPT: Final = 1 << 10
CR4_UMIP: Final = 1 << 11
CR4_LA57: Final = 1 << 12
CR4_VMXE: Final = 1 << 13
CR4_SMXE: Final = 1 << 14
CR4_FSGSBASE: Final = 1 << 16
CR4_PCIDE: Final = 1 << 17
CR4_OSXSAVE: Final = 1 << 18
CR4_SMEP: Final = 1 << 20
CR4_SMAP: Final = 1 << 21
CR4_PKE: Final = 1 << 22

# -- IA32_EFER ------------------------------------------------------------------------------------------------------
EFER_SCE: Final = 1 << 0
EFER_LME: Final = 1 << 8
EFER_LMA: Final = 1 << 10
EFER_NXE: Final = 1 << 11
EFER_OFFERED: Final = EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE

# -- RFLAGS ---------------------------------------------------------------------------------------------------------
RFLAGS_CF: Final = 1 << 0
RFLAGS_RESERVED1: Final = 1 << 1          # always 1
RFLAGS_PF: Final = 1 << 2
RFLAGS_AF: Final = 1 << 4
RFLAGS_ZF: Final = 1 << 6
RFLAGS_SF: Final = 1 << 7
RFLAGS_TF: Final = 1 << 8
RFLAGS_IF: Final = 1 << 9
RFLAGS_DF: Final = 1 << 10
RFLAGS_OF: Final = 1 << 11
RFLAGS_NT: Final = 1 << 14
RFLAGS_RF: Final = 1 << 16
RFLAGS_VM: Final = 1 << 17
RFLAGS_RESERVED0: Final = ~0x3F_7FD7 & 0xFFFF_FFFF_FFFF_FFFF & ~RFLAGS_RESERVED1   # bits 63:22, 15, 5, 3: always 0

# -- IA32_DEBUGCTL, interruptibility and activity state (SDM Vol. 3C 24.4.2) ------------------------------------------
DEBUGCTL_OFFERED: Final = 0x3             # LBR, BTF
PERF_GLOBAL_OFFERED: Final = 0x7_0000_00FF    # IA32_PERF_GLOBAL_CTRL: eight general and three fixed counters
BLOCKING_STI: Final = 1 << 0
BLOCKING_MOV_SS: Final = 1 << 1
BLOCKING_SMI: Final = 1 << 2
BLOCKING_NMI: Final = 1 << 3
ACTIVITY_ACTIVE: Final = 0
ACTIVITY_HLT: Final = 1
ACTIVITY_WAIT_SIPI: Final = 3

# -- segment access rights as the VMCS holds them (SDM Vol. 3C 24.4.1) -------------------------------------------------
AR_S: Final = 1 << 4                      # 1: code or data
AR_P: Final = 1 << 7
AR_L: Final = 1 << 13
AR_DB: Final = 1 << 14
AR_G: Final = 1 << 15
AR_UNUSABLE: Final = 1 << 16

# -- pin-based VM-execution controls (24.6.1) --------------------------------------------------------------------------
PIN_EXTERNAL_INTERRUPT_EXITING: Final = 1 << 0
PIN_NMI_EXITING: Final = 1 << 3
PIN_VIRTUAL_NMIS: Final = 1 << 5
PIN_PREEMPTION_TIMER: Final = 1 << 6
PIN_POSTED_INTERRUPTS: Final = 1 << 7

# -- primary processor-based VM-execution controls (24.6.2) -----------------------------------------------------------
CPU_INTERRUPT_WINDOW_EXITING: Final = 1 << 2
CPU_TSC_OFFSETTING: Final = 1 << 3
CPU_HLT_EXITING: Final = 1 << 7
CPU_INVLPG_EXITING: Final = 1 << 9
CPU_MWAIT_EXITING: Final = 1 << 10
CPU_RDPMC_EXITING: Final = 1 << 11
CPU_RDTSC_EXITING: Final = 1 << 12
CPU_CR3_LOAD_EXITING: Final = 1 << 15
CPU_CR3_STORE_EXITING: Final = 1 << 16
CPU_TERTIARY_CONTROLS: Final = 1 << 17
CPU_CR8_LOAD_EXITING: Final = 1 << 19
CPU_CR8_STORE_EXITING: Final = 1 << 20
CPU_TPR_SHADOW: Final = 1 << 21
CPU_NMI_WINDOW_EXITING: Final = 1 << 22
CPU_MOV_DR_EXITING: Final = 1 << 23
CPU_UNCOND_IO_EXITING: Final = 1 << 24
CPU_USE_IO_BITMAPS: Final = 1 << 25
CPU_MONITOR_TRAP_FLAG: Final = 1 << 27
CPU_USE_MSR_BITMAPS: Final = 1 << 28
CPU_MONITOR_EXITING: Final = 1 << 29
CPU_PAUSE_EXITING: Final = 1 << 30
CPU_SECONDARY_CONTROLS: Final = 1 << 31

# -- secondary processor-based VM-execution controls ------------------------------------------------------------------
SEC_VIRTUALIZE_APIC_ACCESSES: Final = 1 << 0
SEC_ENABLE_EPT: Final = 1 << 1
SEC_DESC: Final = 1 << 2
SEC_ENABLE_RDTSCP: Final = 1 << 3
SEC_VIRTUALIZE_X2APIC_MODE: Final = 1 << 4
SEC_ENABLE_VPID: Final = 1 << 5
SEC_WBINVD_EXITING: Final = 1 << 6
SEC_UNRESTRICTED_GUEST: Final = 1 << 7
SEC_APIC_REGISTER_VIRT: Final = 1 << 8
SEC_VIRTUAL_INTR_DELIVERY: Final = 1 << 9
SEC_PAUSE_LOOP_EXITING: Final = 1 << 10
SEC_RDRAND_EXITING: Final = 1 << 11
SEC_ENABLE_INVPCID: Final = 1 << 12
SEC_ENABLE_VMFUNC: Final = 1 << 13
SEC_SHADOW_VMCS: Final = 1 << 14
SEC_ENCLS_EXITING: Final = 1 << 15
SEC_RDSEED_EXITING: Final = 1 << 16
SEC_ENABLE_PML: Final = 1 << 17
SEC_EPT_VIOLATION_VE: Final = 1 << 18
SEC_ENABLE_XSAVES: Final = 1 << 20
SEC_MODE_BASED_EXECUTE: Final = 1 << 22
SEC_SUB_PAGE_WRITE: Final = 1 << 23
SEC_TSC_SCALING: Final = 1 << 25

# -- VM-function controls (24.6.14) -----------------------------------------------------------------------------------
VMFUNC_EPTP_SWITCHING: Final = 1 << 0

# -- VM-exit controls (24.7.1) ----------------------------------------------------------------------------------------
EXIT_SAVE_DEBUG_CONTROLS: Final = 1 << 2
EXIT_HOST_ADDR_SPACE_SIZE: Final = 1 << 9
EXIT_LOAD_IA32_PERF_GLOBAL_CTRL: Final = 1 << 12
EXIT_ACK_INTR_ON_EXIT: Final = 1 << 15
EXIT_SAVE_IA32_PAT: Final = 1 << 18
EXIT_LOAD_IA32_PAT: Final = 1 << 19
EXIT_SAVE_IA32_EFER: Final = 1 << 20
EXIT_LOAD_IA32_EFER: Final = 1 << 21
EXIT_SAVE_PREEMPTION_TIMER: Final = 1 << 22
EXIT_CLEAR_BNDCFGS: Final = 1 << 23
EXIT_LOAD_CET_STATE: Final = 1 << 28
EXIT_SECONDARY_CONTROLS: Final = 1 << 31

# -- VM-entry controls (24.8.1) ---------------------------------------------------------------------------------------
ENTRY_LOAD_DEBUG_CONTROLS: Final = 1 << 2
ENTRY_IA32E_MODE: Final = 1 << 9
ENTRY_SMM: Final = 1 << 10
ENTRY_DEACT_DUAL_MONITOR: Final = 1 << 11
ENTRY_LOAD_IA32_PERF_GLOBAL_CTRL: Final = 1 << 13
ENTRY_LOAD_IA32_PAT: Final = 1 << 14
ENTRY_LOAD_IA32_EFER: Final = 1 << 15
ENTRY_LOAD_BNDCFGS: Final = 1 << 16
ENTRY_LOAD_CET_STATE: Final = 1 << 20

# -- VM-entry and VM-exit interruption information (24.8.3, 24.9.2) -----------------------------------------------------
INTR_INFO_VALID: Final = 1 << 31
INTR_INFO_ERROR_CODE: Final = 1 << 11
INTR_INFO_UNBLOCK_NMI: Final = 1 << 12    # of an exit: IRET had let NMIs in again (27.2.2)
INTR_TYPE_EXTERNAL: Final = 0
INTR_TYPE_NMI: Final = 2
INTR_TYPE_HARD_EXCEPTION: Final = 3
INTR_TYPE_SOFT_INTR: Final = 4
INTR_TYPE_PRIV_SW_EXCEPTION: Final = 5
INTR_TYPE_SOFT_EXCEPTION: Final = 6
INTR_TYPE_OTHER_EVENT: Final = 7

# -- exit reasons (SDM Vol. 3D appendix C; architecture.md E.3) ---------------------------------------------------------
EXIT_REASON_EXCEPTION_NMI: Final = 0
EXIT_REASON_EXTERNAL_INTERRUPT: Final = 1
EXIT_REASON_TRIPLE_FAULT: Final = 2
EXIT_REASON_INIT_SIGNAL: Final = 3
EXIT_REASON_SIPI_SIGNAL: Final = 4
EXIT_REASON_INTERRUPT_WINDOW: Final = 7
EXIT_REASON_NMI_WINDOW: Final = 8
EXIT_REASON_CPUID: Final = 10
EXIT_REASON_HLT: Final = 12
EXIT_REASON_INVLPG: Final = 14
EXIT_REASON_RDTSC: Final = 16
EXIT_REASON_VMCALL: Final = 18
EXIT_REASON_VMCLEAR: Final = 19
EXIT_REASON_VMLAUNCH: Final = 20
EXIT_REASON_VMPTRLD: Final = 21
EXIT_REASON_VMPTRST: Final = 22
EXIT_REASON_VMREAD: Final = 23
EXIT_REASON_VMRESUME: Final = 24
EXIT_REASON_VMWRITE: Final = 25
EXIT_REASON_VMOFF: Final = 26
EXIT_REASON_VMON: Final = 27
EXIT_REASON_CR_ACCESS: Final = 28
EXIT_REASON_IO_INSTRUCTION: Final = 30
EXIT_REASON_MSR_READ: Final = 31
EXIT_REASON_MSR_WRITE: Final = 32
EXIT_REASON_MSR_LOAD_FAIL: Final = 34
EXIT_REASON_INVALID_STATE: Final = 33
EXIT_REASON_MONITOR_TRAP_FLAG: Final = 37
EXIT_REASON_PAUSE: Final = 40
EXIT_REASON_APIC_ACCESS: Final = 44
EXIT_REASON_EPT_VIOLATION: Final = 48
EXIT_REASON_EPT_MISCONFIG: Final = 49
EXIT_REASON_INVEPT: Final = 50
EXIT_REASON_RDTSCP: Final = 51
EXIT_REASON_PREEMPTION_TIMER: Final = 52
EXIT_REASON_INVVPID: Final = 53
EXIT_REASON_INVPCID: Final = 58
EXIT_REASON_VMFUNC: Final = 59
EXIT_REASON_PML_FULL: Final = 62
EXIT_REASON_FAILED_VMENTRY: Final = 1 << 31      # bit of the exit-reason field

EXIT_REASONS: Final[dict[int, str]] = {
    0: "EXCEPTION_NMI", 1: "EXTERNAL_INTERRUPT", 2: "TRIPLE_FAULT", 3: "INIT_SIGNAL", 4: "SIPI_SIGNAL", 5: "IO_SMI",
    6: "OTHER_SMI", 7: "INTERRUPT_WINDOW", 8: "NMI_WINDOW", 9: "TASK_SWITCH", 10: "CPUID", 11: "GETSEC", 12: "HLT",
    13: "INVD", 14: "INVLPG", 15: "RDPMC", 16: "RDTSC", 17: "RSM", 18: "VMCALL", 19: "VMCLEAR", 20: "VMLAUNCH",
    21: "VMPTRLD", 22: "VMPTRST", 23: "VMREAD", 24: "VMRESUME", 25: "VMWRITE", 26: "VMOFF", 27: "VMON",
    28: "CR_ACCESS", 29: "DR_ACCESS", 30: "IO_INSTRUCTION", 31: "MSR_READ", 32: "MSR_WRITE", 33: "INVALID_STATE",
    34: "MSR_LOAD_FAIL", 36: "MWAIT_INSTRUCTION", 37: "MONITOR_TRAP_FLAG", 39: "MONITOR_INSTRUCTION",
    40: "PAUSE_INSTRUCTION", 41: "MCE_DURING_VMENTRY", 43: "TPR_BELOW_THRESHOLD", 44: "APIC_ACCESS",
    45: "EOI_INDUCED", 46: "GDTR_IDTR", 47: "LDTR_TR", 48: "EPT_VIOLATION", 49: "EPT_MISCONFIG", 50: "INVEPT",
    51: "RDTSCP", 52: "PREEMPTION_TIMER", 53: "INVVPID", 54: "WBINVD", 55: "XSETBV", 56: "APIC_WRITE", 57: "RDRAND",
    58: "INVPCID", 59: "VMFUNC", 60: "ENCLS", 61: "RDSEED", 62: "PML_FULL", 63: "XSAVES", 64: "XRSTORS",
    65: "PCONFIG", 66: "SPP", 67: "UMWAIT", 68: "TPAUSE", 69: "LOADIWKEY", 70: "ENCLV", 72: "ENQCMD_PASID",
    73: "ENQCMDS_PASID", 74: "BUS_LOCK", 75: "NOTIFY", 76: "SEAMCALL", 77: "TDCALL",
}

VM_INSTRUCTION_ERRORS: Final[dict[int, str]] = {
    1: "VMCALL executed in VMX root operation",
    2: "VMCLEAR: the address is misaligned or too wide",
    3: "VMCLEAR: the address is the VMXON pointer",
    4: "VMLAUNCH: the VMCS is not clear",
    5: "VMRESUME: the VMCS has not been launched",
    6: "VMRESUME after VMXOFF",
    7: "VM entry: a control field is not valid",
    8: "VM entry: a host-state field is not valid",
    9: "VMPTRLD: the address is misaligned or too wide",
    10: "VMPTRLD: the address is the VMXON pointer",
    11: "VMPTRLD: the region holds another VMCS revision identifier",
    12: "VMREAD/VMWRITE: no such VMCS field",
    13: "VMWRITE: the VMCS field is read-only",
    15: "VMXON executed in VMX root operation",
    16: "VM entry: the executive-VMCS pointer is not valid",
    17: "VM entry: the executive VMCS has not been launched",
    18: "VM entry: the executive-VMCS pointer is not the VMXON pointer",
    19: "VMCALL: the VMCS is not clear",
    20: "VMCALL: the VM-exit control fields are not valid",
    22: "VMCALL: the MSEG holds another revision identifier",
    23: "VMXOFF under dual-monitor treatment of SMIs",
    24: "VMCALL: the SMM-monitor features are not valid",
    25: "VM entry: the executive VMCS's controls are not valid",
    26: "VM entry: events are blocked by MOV SS",
    28: "INVEPT/INVVPID: the operand is not valid",
}


def exit_reason_name(reason: int) -> str:
    """Name of an exit-reason field's basic reason (bits 15:0); the number where the manual has no name."""
    return EXIT_REASONS.get(reason & 0xFFFF, str(reason & 0xFFFF))


# -- names for display ------------------------------------------------------------------------------------------------

def _named(prefix: str, but: str = "-") -> dict[int, str]:
    """The single-bit constants of this module whose name starts with `prefix` but not `but`: mask -> rest of the name."""
    return {value: name[len(prefix):] for name, value in globals().items()
            if name.startswith(prefix) and not name.startswith(but) and isinstance(value, int) and value.bit_count() == 1}


CR0_BITS: Final = _named("CR0_")
CR4_BITS: Final = _named("CR4_")
EFER_BITS: Final = _named("EFER_")
RFLAGS_BITS: Final = _named("RFLAGS_")
PIN_BITS: Final = _named("PIN_")
CPU_BITS: Final = _named("CPU_")
SEC_BITS: Final = _named("SEC_")
EXIT_BITS: Final = _named("EXIT_", but="EXIT_REASON")
ENTRY_BITS: Final = _named("ENTRY_")


def names_of(value: int, bits: dict[int, str]) -> str:
    """The set bits of `value` as words, lowest first; a bit without a name is given in hex."""
    return " ".join(bits.get(1 << i, f"{1 << i:#x}") for i in range(value.bit_length()) if value >> i & 1)
