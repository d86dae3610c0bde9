"""Controls of vmcs12 by the names that cases give them: as a key of `given`, and in words in a step."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from kvmdbg.machine.hw import controls as c
from kvmdbg.machine.hw.fields import F


class Control(NamedTuple):
    """A bit of a control field of vmcs12."""

    field: int
    bit: int


class Named(NamedTuple):
    """A control as it is written by a step."""

    control: Control
    on: bool


_PIN: Final = {
    c.PIN_EXTERNAL_INTERRUPT_EXITING: ("extint_exiting", "external_interrupt_exiting"), c.PIN_NMI_EXITING: ("nmi_exiting",),
    c.PIN_VIRTUAL_NMIS: ("virtual_nmis",),
    c.PIN_PREEMPTION_TIMER: ("preemption_timer", "enable_preemption_timer", "activate_preemption_timer", "vmx_preemption_timer",
                             "activate_vmx_preemption_timer", "enable_vmx_preemption_timer"),
    c.PIN_POSTED_INTERRUPTS: ("process_posted_interrupts", "posted_interrupts"),
}
_CPU: Final = {
    c.CPU_INTERRUPT_WINDOW_EXITING: ("interrupt_window_exiting", "interrupt_window", "intr_window"),
    c.CPU_HLT_EXITING: ("hlt_exiting",), c.CPU_INVLPG_EXITING: ("invlpg_exiting",), c.CPU_TSC_OFFSETTING: ("use_tsc_offsetting",),
    c.CPU_CR3_LOAD_EXITING: ("cr3_load_exiting",), c.CPU_CR3_STORE_EXITING: ("cr3_store_exiting",),
    c.CPU_CR8_LOAD_EXITING: ("cr8_load_exiting",), c.CPU_CR8_STORE_EXITING: ("cr8_store_exiting",),
    c.CPU_TPR_SHADOW: ("use_tpr_shadow", "tpr_shadow"), c.CPU_NMI_WINDOW_EXITING: ("nmi_window", "nmi_window_exiting"),
    c.CPU_USE_IO_BITMAPS: ("use_io_bitmaps", "use_i/o_bitmaps", "io_bitmaps"), c.CPU_USE_MSR_BITMAPS: ("use_msr_bitmaps",),
    c.CPU_PAUSE_EXITING: ("pause_exiting",), c.CPU_MWAIT_EXITING: ("mwait_exiting",), c.CPU_MONITOR_EXITING: ("monitor_exiting",),
    c.CPU_RDPMC_EXITING: ("rdpmc_exiting",), c.CPU_RDTSC_EXITING: ("rdtsc_exiting",), c.CPU_MOV_DR_EXITING: ("mov_dr_exiting",),
    c.CPU_MONITOR_TRAP_FLAG: ("monitor_trap_flag", "mtf"),
    c.CPU_UNCOND_IO_EXITING: ("unconditional_i/o_exiting", "unconditional_io_exiting", "uncond_io_exiting"),
    c.CPU_SECONDARY_CONTROLS: ("secondary_controls", "activate_secondary_controls"),
}
_SECONDARY: Final = {
    c.SEC_VIRTUALIZE_APIC_ACCESSES: ("virtualize_apic_accesses",), c.SEC_ENABLE_EPT: ("enable_ept", "ept"),
    c.SEC_ENABLE_RDTSCP: ("enable_rdtscp",), c.SEC_VIRTUALIZE_X2APIC_MODE: ("virtualize_x2apic_mode", "virtualize_x2apic"),
    c.SEC_ENABLE_VPID: ("enable_vpid", "vpid"), c.SEC_UNRESTRICTED_GUEST: ("unrestricted_guest",),
    c.SEC_APIC_REGISTER_VIRT: ("apic_register_virtualization", "apic_register_virt"),
    c.SEC_VIRTUAL_INTR_DELIVERY: ("virtual_interrupt_delivery",), c.SEC_ENABLE_INVPCID: ("enable_invpcid",),
    c.SEC_ENABLE_VMFUNC: ("enable_vmfunc", "enable_vm_functions"), c.SEC_SHADOW_VMCS: ("shadow_vmcs", "vmcs_shadowing"),
    c.SEC_ENABLE_PML: ("enable_pml", "pml", "page_modification_logging"),
    c.SEC_MODE_BASED_EXECUTE: ("mode_based_execute", "mode_based_execute_control", "mbec"),
}
_EXIT: Final = {
    c.EXIT_SAVE_DEBUG_CONTROLS: ("save_debug_controls",), c.EXIT_HOST_ADDR_SPACE_SIZE: ("host_address_space_size",),
    c.EXIT_LOAD_IA32_PERF_GLOBAL_CTRL: ("load_host_perf_global_ctrl", "load_perf_global_ctrl_on_exit"),
    c.EXIT_ACK_INTR_ON_EXIT: ("ack_interrupt_on_exit", "ack_intr_on_exit", "acknowledge_interrupt_on_exit"),
    c.EXIT_SAVE_IA32_PAT: ("save_pat", "save_pat_on_exit"), c.EXIT_LOAD_IA32_PAT: ("load_host_pat", "load_pat_on_exit"),
    c.EXIT_SAVE_IA32_EFER: ("save_efer", "save_efer_on_exit"), c.EXIT_LOAD_IA32_EFER: ("load_host_efer", "load_efer_on_exit"),
    c.EXIT_SAVE_PREEMPTION_TIMER: ("save_preemption_timer", "save_preemption_timer_value", "save_vmx_preemption_timer",
                                   "save_vmx_preemption_timer_value", "save_timer"),
    c.EXIT_CLEAR_BNDCFGS: ("clear_bndcfgs",),
}
_ENTRY: Final = {
    c.ENTRY_LOAD_DEBUG_CONTROLS: ("load_debug_controls",), c.ENTRY_IA32E_MODE: ("ia32e_guest", "ia_32e_guest", "ia_32e_mode_guest"),
    c.ENTRY_LOAD_IA32_PERF_GLOBAL_CTRL: ("load_perf_global_ctrl", "load_guest_perf_global_ctrl", "load_perf_global_ctrl_on_entry"),
    c.ENTRY_LOAD_IA32_PAT: ("load_pat", "load_guest_pat", "load_pat_on_entry"),
    c.ENTRY_LOAD_IA32_EFER: ("load_efer", "load_guest_efer", "load_efer_on_entry"),
    c.ENTRY_LOAD_BNDCFGS: ("load_bndcfgs", "load_guest_bndcfgs"),
}
CONTROLS: Final = {
    name: Control(field, bit)
    for field, table in ((F.PIN_BASED_VM_EXEC_CONTROL, _PIN), (F.CPU_BASED_VM_EXEC_CONTROL, _CPU),
                         (F.SECONDARY_VM_EXEC_CONTROL, _SECONDARY), (F.VM_EXIT_CONTROLS, _EXIT), (F.VM_ENTRY_CONTROLS, _ENTRY))
    for bit, names in table.items() for name in names
}
SECONDARY: Final = Control(F.CPU_BASED_VM_EXEC_CONTROL, c.CPU_SECONDARY_CONTROLS)

_PHRASE: Final = re.compile(r"(.+?)(?:\s*=)?(?:\s+(0|1|on|off|enabled|disabled))?$")
_VERB: Final = re.compile(r"(set|clear) (?:the )?(.+)")
_OFF: Final = ("0", "off", "disabled")


def named(text: str) -> Named | None:
    """`enable VPID`, `NMI-window exiting 0`, `virtualize APIC accesses = enabled`; None for what names no control.

    Without a number it is switched on.
    """
    match = _PHRASE.match(re.sub(r"\([^()]*\)", "", text).strip())
    if match is None:
        return None
    verb = _VERB.fullmatch(match[1])
    control = CONTROLS.get(re.sub(r"[\s-]+", "_", (verb[2] if verb else match[1]).removesuffix(" control").lower()))
    return Named(control, match[2] not in _OFF and not (verb and verb[1] == "clear")) if control else None
