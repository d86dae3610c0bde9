"""Names that cases give to VMCS fields: Linux's, kvm-unit-tests', and shorter ones."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.fields import FIELDS, F, by_name

_HIGH: Final = "_HIGH"
_ALIASES: Final[Mapping[str, int]] = {
    "VPID": F.VIRTUAL_PROCESSOR_ID, "EPTP": F.EPT_POINTER, "EXIT_REASON": F.VM_EXIT_REASON, "EXC_BITMAP": F.EXCEPTION_BITMAP,
    "ENTRY_INTR_INFO": F.VM_ENTRY_INTR_INFO_FIELD, "ENTRY_MSR_LOAD_COUNT": F.VM_ENTRY_MSR_LOAD_COUNT,
    "ENTRY_MSR_LOAD_ADDR": F.VM_ENTRY_MSR_LOAD_ADDR, "EXIT_MSR_STORE_COUNT": F.VM_EXIT_MSR_STORE_COUNT,
    "EXIT_MSR_STORE_ADDR": F.VM_EXIT_MSR_STORE_ADDR, "ACTIVITY": F.GUEST_ACTIVITY_STATE,
    "INTERRUPTIBILITY": F.GUEST_INTERRUPTIBILITY_INFO, "PENDING_DEBUG": F.GUEST_PENDING_DBG_EXCEPTIONS,
    "TIMER_VALUE": F.VMX_PREEMPTION_TIMER_VALUE, "HOST_SYSENTER_ESP": F.HOST_IA32_SYSENTER_ESP,
    "HOST_SYSENTER_EIP": F.HOST_IA32_SYSENTER_EIP, "HOST_SYSENTER_CS": F.HOST_IA32_SYSENTER_CS, "PML_ADDR": F.PML_ADDRESS,
    "VIRTUAL_APIC_ADDR": F.VIRTUAL_APIC_PAGE_ADDR, "GUEST_EFER": F.GUEST_IA32_EFER, "HOST_EFER": F.HOST_IA32_EFER,
    "GUEST_PAT": F.GUEST_IA32_PAT, "HOST_PAT": F.HOST_IA32_PAT, "VMCS_LINK_PTR": F.VMCS_LINK_POINTER,
    "LINK_POINTER": F.VMCS_LINK_POINTER, "VMX_INST_ERROR": F.VM_INSTRUCTION_ERROR, "EXI_REASON": F.VM_EXIT_REASON,
    "INST_ERROR": F.VM_INSTRUCTION_ERROR, "EXI_QUALIFICATION": F.EXIT_QUALIFICATION, "EXI_INST_LEN": F.VM_EXIT_INSTRUCTION_LEN,
    "EXI_INST_INFO": F.VMX_INSTRUCTION_INFO, "INSTRUCTION_INFO": F.VMX_INSTRUCTION_INFO,
}
_BASE: Final = re.compile(r"(HOST|GUEST)_(BASE|SEL)_(\w+)$")       # kvm-unit-tests: HOST_BASE_FS, HOST_SEL_CS
_ENCODING: Final = re.compile(r"0x[0-9a-fA-F]{1,8}")
_PART: Final = {"BASE": "BASE", "SEL": "SELECTOR"}


def encoding(name: str) -> int:
    """The encoding behind a field's name; `NAME_HIGH` is the upper half of a 64-bit field.

    raises: Unsupported for a name that no field has.
    """
    if name in _ALIASES:
        return _ALIASES[name]
    match = _BASE.match(name)
    known = by_name(f"{match[1]}_{match[3]}_{_PART[match[2]]}" if match else name)
    if known is not None:
        return known.encoding
    whole = by_name(name.removesuffix(_HIGH)) if name.endswith(_HIGH) else None
    if whole is not None and whole.width == 64:
        return whole.encoding + 1
    if _ENCODING.fullmatch(name):
        return int(name, 16)
    raise Unsupported(f"{name}: no VMCS field")


def word(number: int) -> str:
    """How the debugger takes a field: its Linux name, else the encoding."""
    return FIELDS[number].name if number in FIELDS else f"{number:#x}"
