"""The VMX capability MSRs: what a processor with some capabilities tells software about itself (SDM Vol. 3D appendix A).

The VM-entry checks ask the same values, so what is offered and what is accepted cannot differ.  A control is offered when the
model honours it, or when it cannot matter to the modelled instructions.
"""

from __future__ import annotations

from functools import cache
from typing import Final, NamedTuple

from kvmdbg.machine.hw import controls as c
from kvmdbg.machine.hw.beyond_model import beyond
from kvmdbg.machine.hw.control_registers import CR0_FIXED1, cr4_offered
from kvmdbg.machine.hw.ept import MEMTYPE_WB
from kvmdbg.machine.hw.fields import FIELDS, F
from kvmdbg.machine.hw.state import Caps
from kvmdbg.machine.hw.vmcs import VMCS_REVISION

IA32_FEATURE_CONTROL: Final = 0x3A
IA32_VMX_BASIC: Final = 0x480
IA32_VMX_PINBASED_CTLS: Final = 0x481
IA32_VMX_PROCBASED_CTLS: Final = 0x482
IA32_VMX_EXIT_CTLS: Final = 0x483
IA32_VMX_ENTRY_CTLS: Final = 0x484
IA32_VMX_MISC: Final = 0x485
IA32_VMX_CR0_FIXED0: Final = 0x486
IA32_VMX_CR0_FIXED1: Final = 0x487
IA32_VMX_CR4_FIXED0: Final = 0x488
IA32_VMX_CR4_FIXED1: Final = 0x489
IA32_VMX_VMCS_ENUM: Final = 0x48A
IA32_VMX_PROCBASED_CTLS2: Final = 0x48B
IA32_VMX_EPT_VPID_CAP: Final = 0x48C
IA32_VMX_TRUE_PINBASED_CTLS: Final = 0x48D
IA32_VMX_TRUE_PROCBASED_CTLS: Final = 0x48E
IA32_VMX_TRUE_EXIT_CTLS: Final = 0x48F
IA32_VMX_TRUE_ENTRY_CTLS: Final = 0x490
IA32_VMX_VMFUNC: Final = 0x491

NUMBERS: Final[dict[str, int]] = {name: value for name, value in globals().items()
                                  if name.startswith("IA32_") and isinstance(value, int)}

WITHOUT_TRUE: Final[dict[int, int]] = {
    IA32_VMX_TRUE_PINBASED_CTLS: IA32_VMX_PINBASED_CTLS, IA32_VMX_TRUE_PROCBASED_CTLS: IA32_VMX_PROCBASED_CTLS,
    IA32_VMX_TRUE_EXIT_CTLS: IA32_VMX_EXIT_CTLS, IA32_VMX_TRUE_ENTRY_CTLS: IA32_VMX_ENTRY_CTLS,
}

# Controls that the first processors wanted to be 1 (appendix A.2): the MSRs without TRUE in their name still say so.
PIN_DEFAULT1: Final = 0x16
CPU_DEFAULT1: Final = 0x0401_E172
EXIT_DEFAULT1: Final = 0x3_6DFF
ENTRY_DEFAULT1: Final = 0x11FF

CONTROL_WORDS: Final = (F.PIN_BASED_VM_EXEC_CONTROL, F.CPU_BASED_VM_EXEC_CONTROL, F.VM_EXIT_CONTROLS, F.VM_ENTRY_CONTROLS)

_LOCKED: Final = 1 << 0
_VMX_OUTSIDE_SMX: Final = 1 << 2
_REGION_SIZE: Final = 0x1000
_TRUE_CONTROLS: Final = 1 << 55
_NO_ERROR_CODE_CHECK: Final = 1 << 56
_ZERO_LENGTH_INJECTION: Final = 1 << 30
_STORES_LMA: Final = 1 << 5
_ACTIVITY_HLT: Final = 1 << 6
_ACTIVITY_WAIT_SIPI: Final = 1 << 8
_VMWRITE_ANY_FIELD: Final = 1 << 29

_PIN_OFFERED: Final = c.PIN_EXTERNAL_INTERRUPT_EXITING | c.PIN_NMI_EXITING | c.PIN_VIRTUAL_NMIS
_CPU_OFFERED: Final = (
    c.CPU_INTERRUPT_WINDOW_EXITING | c.CPU_TSC_OFFSETTING | c.CPU_HLT_EXITING | c.CPU_INVLPG_EXITING | c.CPU_MWAIT_EXITING
    | c.CPU_RDPMC_EXITING | c.CPU_RDTSC_EXITING | c.CPU_CR3_LOAD_EXITING | c.CPU_CR3_STORE_EXITING | c.CPU_CR8_LOAD_EXITING
    | c.CPU_CR8_STORE_EXITING | c.CPU_TPR_SHADOW | c.CPU_NMI_WINDOW_EXITING | c.CPU_MOV_DR_EXITING | c.CPU_UNCOND_IO_EXITING
    | c.CPU_USE_IO_BITMAPS | c.CPU_MONITOR_TRAP_FLAG | c.CPU_USE_MSR_BITMAPS | c.CPU_MONITOR_EXITING | c.CPU_PAUSE_EXITING
    | c.CPU_SECONDARY_CONTROLS)
_EXIT_OFFERED: Final = (
    c.EXIT_SAVE_DEBUG_CONTROLS | c.EXIT_HOST_ADDR_SPACE_SIZE | c.EXIT_LOAD_IA32_PERF_GLOBAL_CTRL | c.EXIT_ACK_INTR_ON_EXIT
    | c.EXIT_SAVE_IA32_PAT | c.EXIT_LOAD_IA32_PAT | c.EXIT_SAVE_IA32_EFER | c.EXIT_LOAD_IA32_EFER | c.EXIT_SAVE_PREEMPTION_TIMER
    | c.EXIT_CLEAR_BNDCFGS)
_ENTRY_OFFERED: Final = (
    c.ENTRY_LOAD_DEBUG_CONTROLS | c.ENTRY_IA32E_MODE | c.ENTRY_LOAD_IA32_PERF_GLOBAL_CTRL | c.ENTRY_LOAD_IA32_PAT
    | c.ENTRY_LOAD_IA32_EFER | c.ENTRY_LOAD_BNDCFGS)
_SECONDARY_OFFERED: Final = c.SEC_ENABLE_RDTSCP
PIN_CAPS: Final = {c.PIN_PREEMPTION_TIMER: "preemption_timer", c.PIN_POSTED_INTERRUPTS: "posted_interrupts"}    # by field of Caps
SECONDARY_CAPS: Final = {
    c.SEC_VIRTUALIZE_APIC_ACCESSES: "apic_accesses", c.SEC_ENABLE_EPT: "ept", c.SEC_VIRTUALIZE_X2APIC_MODE: "x2apic_mode",
    c.SEC_ENABLE_VPID: "vpid", c.SEC_UNRESTRICTED_GUEST: "unrestricted_guest", c.SEC_APIC_REGISTER_VIRT: "apic_registers",
    c.SEC_VIRTUAL_INTR_DELIVERY: "virtual_interrupts", c.SEC_ENABLE_INVPCID: "invpcid", c.SEC_ENABLE_VMFUNC: "vmfunc",
    c.SEC_SHADOW_VMCS: "shadow_vmcs", c.SEC_ENABLE_PML: "pml", c.SEC_MODE_BASED_EXECUTE: "mode_based_execute",
}
_NEED_EPT: Final = (c.SEC_UNRESTRICTED_GUEST, c.SEC_ENABLE_PML, c.SEC_MODE_BASED_EXECUTE)


class Settings(NamedTuple):
    """Which values a word of controls may take (A.3)."""

    allowed_0: int        # a bit that is 1 here must be 1 in the control
    allowed_1: int        # a bit that is 0 here must be 0

    def adjusted(self, value: int) -> int:
        """`value` without what may not be 1, and with what must be."""
        return value & self.allowed_1 | self.allowed_0

    @property
    def msr(self) -> int:
        """As the capability MSR holds it: allowed 0-settings in bits 31:0, allowed 1-settings in 63:32."""
        return self.allowed_0 | self.allowed_1 << 32

    def without_true(self, default1: int) -> int:
        """As the MSR without TRUE in its name holds it: the default1 bits must be 1."""
        return self._replace(allowed_0=self.allowed_0 | default1 & self.allowed_1).msr


class ControlCaps(NamedTuple):
    """The words of controls, as the TRUE MSRs have them: of the default1 bits those must be 1 that mean nothing."""

    pin: Settings
    cpu: Settings
    sec: Settings
    exit: Settings
    entry: Settings
    vmfunc: int           # VM functions that can be enabled


@cache
def control_caps(caps: Caps) -> ControlCaps:
    """The controls that a processor with `caps` offers."""
    pin, cpu, exit, entry, secondary = (offered & ~lacking for offered, lacking in zip(_with_caps(caps), caps.lacks, strict=True))
    more = beyond(caps)
    return ControlCaps(Settings(caps.required[0], pin | more.pin), Settings(caps.required[1], cpu | more.cpu),
                       Settings(0, secondary | more.sec), Settings(caps.required[2], exit | more.exit),
                       Settings(caps.required[3], entry | more.entry),
                       c.VMFUNC_EPTP_SWITCHING if caps.vmfunc and caps.eptp_switching else 0)


def offered_words() -> tuple[int, int, int, int, int]:
    """The controls that the model knows without asking `caps`: pin-based, primary, VM-exit, VM-entry, secondary."""
    return (_PIN_OFFERED | PIN_DEFAULT1, _CPU_OFFERED | CPU_DEFAULT1, _EXIT_OFFERED | EXIT_DEFAULT1,
            _ENTRY_OFFERED | ENTRY_DEFAULT1, _SECONDARY_OFFERED)


def _with_caps(caps: Caps) -> tuple[int, int, int, int, int]:
    pin, cpu, exit, entry, secondary = offered_words()
    asked = {bit for bit, field in SECONDARY_CAPS.items() if getattr(caps, field) and (caps.ept or bit not in _NEED_EPT)}
    return (pin | sum(bit for bit, field in PIN_CAPS.items() if getattr(caps, field)), cpu, exit, entry, secondary | sum(asked))


def control_settings(caps: Caps) -> dict[int, Settings]:
    """Field of the VMCS -> which controls in it may and must be 1."""
    words = control_caps(caps)
    return {F.PIN_BASED_VM_EXEC_CONTROL: words.pin, F.CPU_BASED_VM_EXEC_CONTROL: words.cpu, F.VM_EXIT_CONTROLS: words.exit,
            F.VM_ENTRY_CONTROLS: words.entry, F.SECONDARY_VM_EXEC_CONTROL: words.sec}


def required_controls(caps: Caps) -> dict[int, int]:
    """Field of the VMCS -> the bits of it that a processor with `caps` demands to be 1."""
    return dict(zip(CONTROL_WORDS, caps.required, strict=True))


# -- the other MSRs -------------------------------------------------------------------------------------------------------


def vmx_basic(caps: Caps, revision: int) -> int:
    """IA32_VMX_BASIC (A.1): region size, write-back, no 32-bit limit, no dual monitor; the TRUE MSRs and bit 56 as `caps` says."""
    asked = (_TRUE_CONTROLS if caps.true_controls else 0) | (_NO_ERROR_CODE_CHECK if caps.no_error_code_check else 0)
    return revision | _REGION_SIZE << 32 | MEMTYPE_WB << 50 | asked


def vmx_misc(caps: Caps) -> int:
    """IA32_VMX_MISC (A.6): the activity state HLT is there, all else as `caps` says."""
    stores_lma = _STORES_LMA if caps.ept and caps.unrestricted_guest else 0
    asked = (_VMWRITE_ANY_FIELD if caps.vmwrite_any_field else 0) | (_ZERO_LENGTH_INJECTION if caps.zero_length_injection else 0)
    states = _ACTIVITY_HLT | (_ACTIVITY_WAIT_SIPI if caps.wait_for_sipi else 0)
    return caps.timer_rate | stores_lma | states | asked | caps.cr3_targets << 16


def msr_list_limit(caps: Caps) -> int:
    """How many entries an MSR area may have: 512 * (1 + bits 27:25 of IA32_VMX_MISC)."""
    return 512 * (1 + (vmx_misc(caps) >> 25 & 7))


def vmx_vmcs_enum() -> int:
    """IA32_VMX_VMCS_ENUM (A.9): the highest index of a field, in bits 9:1."""
    return max(encoding & 0x3FE for encoding in FIELDS)


def vmx_ept_vpid_cap(caps: Caps) -> int:
    """IA32_VMX_EPT_VPID_CAP (A.10): of EPT four levels, and what `caps` says."""
    found = 0
    if caps.ept:
        flags = {0: caps.ept_execute_only, 6: True, 8: caps.ept_uc, 14: caps.ept_wb, 16: caps.ept_2m, 17: caps.ept_1g,
                 20: bool(caps.invept_types), 21: caps.ept_ad, 25: 1 in caps.invept_types, 26: 2 in caps.invept_types}
        found |= sum(1 << bit for bit, offered in flags.items() if offered)
    if caps.vpid and caps.invvpid_types:
        found |= 1 << 32 | sum(1 << 40 + kind for kind in caps.invvpid_types)
    return found


@cache
def vmx_msrs(caps: Caps, revision: int = VMCS_REVISION) -> dict[int, int]:
    """Number -> value of every capability MSR that a processor with `caps` has.  revision: identifier of its VMCS regions."""
    words = control_caps(caps)
    found = {
        IA32_FEATURE_CONTROL: _LOCKED | _VMX_OUTSIDE_SMX,
        IA32_VMX_BASIC: vmx_basic(caps, revision), IA32_VMX_MISC: vmx_misc(caps), IA32_VMX_VMCS_ENUM: vmx_vmcs_enum(),
        IA32_VMX_CR0_FIXED0: CR0_FIXED1, IA32_VMX_CR0_FIXED1: 0xFFFF_FFFF,
        IA32_VMX_CR4_FIXED0: caps.cr4_fixed0, IA32_VMX_CR4_FIXED1: cr4_offered(caps),
        IA32_VMX_PINBASED_CTLS: words.pin.without_true(PIN_DEFAULT1), IA32_VMX_PROCBASED_CTLS: words.cpu.without_true(CPU_DEFAULT1),
        IA32_VMX_EXIT_CTLS: words.exit.without_true(EXIT_DEFAULT1), IA32_VMX_ENTRY_CTLS: words.entry.without_true(ENTRY_DEFAULT1),
        IA32_VMX_PROCBASED_CTLS2: words.sec.msr,
    }
    if caps.true_controls:
        found |= {IA32_VMX_TRUE_PINBASED_CTLS: words.pin.msr, IA32_VMX_TRUE_PROCBASED_CTLS: words.cpu.msr,
                  IA32_VMX_TRUE_EXIT_CTLS: words.exit.msr, IA32_VMX_TRUE_ENTRY_CTLS: words.entry.msr}
    if caps.ept or caps.vpid:
        found[IA32_VMX_EPT_VPID_CAP] = vmx_ept_vpid_cap(caps)
    if words.vmfunc:
        found[IA32_VMX_VMFUNC] = words.vmfunc
    return found
