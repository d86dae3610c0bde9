"""Fields of a VMCS that a processor lacks, and the bit of a capability MSR that would bring each (SDM Vol. 3D appendix B)."""

from __future__ import annotations

from functools import cache
from typing import Final, NamedTuple

from kvmdbg.machine.hw import capabilities as cap
from kvmdbg.machine.hw import controls as c
from kvmdbg.machine.hw.capability_bits import WORDS
from kvmdbg.machine.hw.fields import FIELDS, F
from kvmdbg.machine.hw.state import Caps

CR3_TARGETS: Final = (F.CR3_TARGET_VALUE0, F.CR3_TARGET_VALUE1, F.CR3_TARGET_VALUE2, F.CR3_TARGET_VALUE3)


class Brings(NamedTuple):
    """A control whose 1-setting brings a field."""

    word: str                 # in ControlCaps
    bit: int                  # as a mask

    def offered(self, caps: Caps) -> bool:
        settings: cap.Settings = getattr(cap.control_caps(caps), self.word)
        return bool(settings.allowed_1 & self.bit)

    def __str__(self) -> str:
        msr, title = _MSRS[self.word]
        number = self.bit.bit_length() - 1
        name = WORDS[cap.NUMBERS[msr]].names.get(self.bit, "")
        return f"{msr} bit {32 + number} ({title} control bit {number}{', ' + name if name else ''})"


_MSRS: Final = {"pin": ("IA32_VMX_PINBASED_CTLS", "pin-based"), "cpu": ("IA32_VMX_PROCBASED_CTLS", "primary"),
                "sec": ("IA32_VMX_PROCBASED_CTLS2", "secondary"), "exit": ("IA32_VMX_EXIT_CTLS", "VM-exit"),
                "entry": ("IA32_VMX_ENTRY_CTLS", "VM-entry")}


def _any(*brings: tuple[str, int]) -> tuple[Brings, ...]:
    return tuple(Brings(word, bit) for word, bit in brings)


_EPT: Final = _any(("sec", c.SEC_ENABLE_EPT))
_VID: Final = _any(("sec", c.SEC_VIRTUAL_INTR_DELIVERY))
_PML: Final = _any(("sec", c.SEC_ENABLE_PML))
_VE: Final = _any(("sec", c.SEC_EPT_VIOLATION_VE))
_TPR: Final = _any(("cpu", c.CPU_TPR_SHADOW))
_PLE: Final = _any(("sec", c.SEC_PAUSE_LOOP_EXITING))
_SHADOW: Final = _any(("sec", c.SEC_SHADOW_VMCS))
_POSTED: Final = _any(("pin", c.PIN_POSTED_INTERRUPTS))
_GUEST_CET: Final = _any(("entry", c.ENTRY_LOAD_CET_STATE))
_HOST_CET: Final = _any(("exit", c.EXIT_LOAD_CET_STATE))

NEEDS: Final[dict[int, tuple[Brings, ...]]] = {
    F.VIRTUAL_PROCESSOR_ID: _any(("sec", c.SEC_ENABLE_VPID)), F.POSTED_INTR_NV: _POSTED, F.POSTED_INTR_DESC_ADDR: _POSTED,
    F.EPTP_INDEX: _VE, F.VE_INFORMATION_ADDRESS: _VE, F.GUEST_INTR_STATUS: _VID, F.GUEST_PML_INDEX: _PML, F.PML_ADDRESS: _PML,
    F.MSR_BITMAP: _any(("cpu", c.CPU_USE_MSR_BITMAPS)), F.VIRTUAL_APIC_PAGE_ADDR: _TPR, F.TPR_THRESHOLD: _TPR,
    F.APIC_ACCESS_ADDR: _any(("sec", c.SEC_VIRTUALIZE_APIC_ACCESSES)), F.VM_FUNCTION_CONTROL: _any(("sec", c.SEC_ENABLE_VMFUNC)),
    F.EPT_POINTER: _EPT, F.GUEST_PHYSICAL_ADDRESS: _EPT, F.GUEST_PDPTR0: _EPT, F.GUEST_PDPTR1: _EPT, F.GUEST_PDPTR2: _EPT,
    F.GUEST_PDPTR3: _EPT, F.EOI_EXIT_BITMAP0: _VID, F.EOI_EXIT_BITMAP1: _VID, F.EOI_EXIT_BITMAP2: _VID, F.EOI_EXIT_BITMAP3: _VID,
    F.VMREAD_BITMAP: _SHADOW, F.VMWRITE_BITMAP: _SHADOW, F.XSS_EXIT_BITMAP: _any(("sec", c.SEC_ENABLE_XSAVES)),
    F.ENCLS_EXITING_BITMAP: _any(("sec", c.SEC_ENCLS_EXITING)), F.TSC_MULTIPLIER: _any(("sec", c.SEC_TSC_SCALING)),
    F.SECONDARY_VM_EXEC_CONTROL: _any(("cpu", c.CPU_SECONDARY_CONTROLS)),
    F.TERTIARY_VM_EXEC_CONTROL: _any(("cpu", c.CPU_TERTIARY_CONTROLS)), F.PLE_GAP: _PLE, F.PLE_WINDOW: _PLE,
    F.VMX_PREEMPTION_TIMER_VALUE: _any(("pin", c.PIN_PREEMPTION_TIMER)),
    F.GUEST_IA32_PAT: _any(("entry", c.ENTRY_LOAD_IA32_PAT), ("exit", c.EXIT_SAVE_IA32_PAT)),
    F.GUEST_IA32_EFER: _any(("entry", c.ENTRY_LOAD_IA32_EFER), ("exit", c.EXIT_SAVE_IA32_EFER)),
    F.GUEST_IA32_PERF_GLOBAL_CTRL: _any(("entry", c.ENTRY_LOAD_IA32_PERF_GLOBAL_CTRL)),
    F.GUEST_BNDCFGS: _any(("entry", c.ENTRY_LOAD_BNDCFGS), ("exit", c.EXIT_CLEAR_BNDCFGS)),
    F.GUEST_S_CET: _GUEST_CET, F.GUEST_SSP: _GUEST_CET, F.GUEST_INTR_SSP_TABLE: _GUEST_CET,
    F.HOST_S_CET: _HOST_CET, F.HOST_SSP: _HOST_CET, F.HOST_INTR_SSP_TABLE: _HOST_CET,
    F.SUB_PAGE_PERMISSION_TABLE_POINTER: _any(("sec", c.SEC_SUB_PAGE_WRITE)), F.LOW_PASID_DIRECTORY_ADDRESS: _any(("sec", 1 << 21)),
    F.HIGH_PASID_DIRECTORY_ADDRESS: _any(("sec", 1 << 21)), F.PCONFIG_EXITING_BITMAP: _any(("sec", 1 << 27)),
    F.ENCLV_EXITING_BITMAP: _any(("sec", 1 << 28)), F.NOTIFY_WINDOW: _any(("sec", 1 << 31)),
    F.SECONDARY_VM_EXIT_CONTROLS: _any(("exit", c.EXIT_SECONDARY_CONTROLS)), F.GUEST_IA32_RTIT_CTL: _any(("entry", 1 << 18)),
    F.GUEST_UINV: _any(("entry", 1 << 19)), F.GUEST_IA32_LBR_CTL: _any(("entry", 1 << 21)),
    F.GUEST_IA32_PKRS: _any(("entry", 1 << 22)), F.HOST_IA32_PKRS: _any(("exit", 1 << 29)),
    F.HOST_IA32_PAT: _any(("exit", c.EXIT_LOAD_IA32_PAT)), F.HOST_IA32_EFER: _any(("exit", c.EXIT_LOAD_IA32_EFER)),
    F.HOST_IA32_PERF_GLOBAL_CTRL: _any(("exit", c.EXIT_LOAD_IA32_PERF_GLOBAL_CTRL)),
}
TERTIARY: Final = {                       # bits of the tertiary controls, which the model has none of
    F.HLAT_PREFIX_SIZE: 1, F.HYPERVISOR_MANAGED_LINEAR_ADDRESS_TRANSLATION_POINTER_HLATP: 1, F.LAST_PID_POINTER_INDEX: 4,
    F.PID_POINTER_TABLE: 4, F.IA32_SPEC_CTRL_MASK: 7, F.IA32_SPEC_CTRL_SHADOW: 7,
}


@cache
def absent_fields(caps: Caps) -> dict[int, str]:
    """Encoding of each field that a processor with `caps` lacks -> the bit that would bring it."""
    return {encoding: text for encoding in FIELDS if (text := absent(caps, encoding))}


def absent(caps: Caps, encoding: int) -> str:
    """The bit that would bring a field to a processor that lacks it, several with "or" between; "" for a field that is there."""
    if encoding in CR3_TARGETS:
        number = CR3_TARGETS.index(encoding)
        return "" if number < caps.cr3_targets else f"IA32_VMX_MISC bits 24:16 of {number + 1} or more"
    if encoding in TERTIARY:
        return f"IA32_VMX_PROCBASED_CTLS3 bit {TERTIARY[encoding]} (tertiary control bit {TERTIARY[encoding]})"
    if encoding == F.EPTP_LIST_ADDRESS:
        return "" if cap.control_caps(caps).vmfunc & c.VMFUNC_EPTP_SWITCHING else "IA32_VMX_VMFUNC bit 0 (EPTP switching)"
    needed = NEEDS.get(encoding, ())
    return "" if not needed or any(one.offered(caps) for one in needed) else " or ".join(map(str, needed))
