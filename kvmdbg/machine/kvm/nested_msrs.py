"""The MSR lists of vmcs12, which KVM works through itself: vmcs02 has none of them (nested.c: nested_vmx_load_msr() and so on).

An entry that cannot be loaded at nested entry is an exit with reason 34 and bit 31, with the entry's number, from 1, as the
qualification.  At nested exit nothing can be reported any more: L1 is aborted, which user space sees as a shutdown.
"""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw.capabilities import msr_list_limit
from kvmdbg.machine.hw.controls import EXIT_REASON_FAILED_VMENTRY, EXIT_REASON_MSR_LOAD_FAIL
from kvmdbg.machine.hw.events import VmEntryFailed
from kvmdbg.machine.hw.fields import FIELDS
from kvmdbg.machine.hw.msr.bases import IA32_FS_BASE, IA32_GS_BASE
from kvmdbg.machine.hw.msr.tsc import IA32_TIME_STAMP_COUNTER
from kvmdbg.machine.hw.msr_area import (
    ABORT_LOAD,
    ABORT_STORE,
    AREAS,
    ENTRY_LOAD,
    ENTRY_SIZE,
    EXIT_LOAD,
    EXIT_STORE,
    IA32_BIOS_SIGN_ID,
    IA32_BIOS_UPDT_TRIG,
    IA32_SMBASE,
    IA32_SMM_MONITOR_CTL,
    MsrArea,
    entry_text,
)
from kvmdbg.machine.hw.paging import MASK_32
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.machine.kvm.guest_memory import kvm_read_guest, kvm_write_guest
from kvmdbg.machine.kvm.msr.tsc import kvm_read_l1_tsc
from kvmdbg.machine.kvm.nested_checks import nested_caps
from kvmdbg.machine.kvm.state import Kvm, Vcpu
from kvmdbg.machine.kvm.vmx_msrs import kvm_get_msr, kvm_set_msr

COMMON: Final = (IA32_BIOS_UPDT_TRIG, IA32_BIOS_SIGN_ID)
NOT_LOADED: Final = (IA32_FS_BASE, IA32_GS_BASE, IA32_SMM_MONITOR_CTL, *COMMON)
NOT_STORED: Final = (IA32_SMBASE, *COMMON)
FAILED: Final = EXIT_REASON_MSR_LOAD_FAIL | EXIT_REASON_FAILED_VMENTRY


def nested_vmx_max_atomic_switch_msrs(kvm: Kvm) -> int:
    """How many entries a list may have; the kernels before f0b5105af6df (v5.5) did not care: 2^32 are no limit."""
    return msr_list_limit(nested_caps(kvm)) if kvm.era.limits_msr_lists() else 1 << 32


def nested_vmx_refuse_msr_lists(kvm: Kvm, vcpu: Vcpu) -> bool:
    """Until ff651cb613b4 (v4.0) a vmcs12 with any list had a bad control (vmx.c: nested_vmx_run())."""
    named = [FIELDS[area.count_field].name for area in AREAS if vmcs12.get(kvm, vcpu, area.count_field)]
    if not named or kvm.era.emulates_msr_lists():
        return False
    kvm.emit(VmEntryFailed, kvm.cpu(vcpu).id, vcpu.current_vmptr, 7,
             f"vmcs12: {named[0]} must be 0, as this kernel has no MSR lists (vmx.c: nested_vmx_run())")
    return True


def nested_vmx_load_msr(kvm: Kvm, vcpu: Vcpu, area: MsrArea) -> int:
    """Write the registers of a list, as WRMSR of the level that runs would: 0, or the number, from 1, of the first bad entry."""
    for index in range(vmcs12.get(kvm, vcpu, area.count_field)):
        number, problem = load_entry(kvm, vcpu, area, index)
        if problem:
            if area == ENTRY_LOAD:
                kvm.emit(VmEntryFailed, kvm.cpu(vcpu).id, vcpu.current_vmptr, FAILED,
                         f"vmcs12: {entry_text(area, index, number)} must {problem} (SDM Vol. 3C 26.4)")
            return index + 1
    return 0


def load_entry(kvm: Kvm, vcpu: Vcpu, area: MsrArea, index: int) -> tuple[int, str]:
    """Write one register: its number, and why that fails in words that follow "must", "" where it does not."""
    at = vmcs12.get(kvm, vcpu, area.address_field) + ENTRY_SIZE * index
    first, value = kvm_read_guest(kvm, at), kvm_read_guest(kvm, at + 8)
    limit = nested_vmx_max_atomic_switch_msrs(kvm)
    if index >= limit:
        return 0, f"not be there: a list has at most {limit} entries"
    if first is None or value is None:
        return 0, f"be in memory, not at {at:#x}"
    number = first & MASK_32
    if first >> 32:
        return number, f"have bits 63:32 = 0, not {first >> 32:#x}"
    if number in NOT_LOADED:
        return number, "be a register that a VM transition can load"
    return number, "" if kvm_set_msr(kvm, vcpu, number, value) else f"be a register that takes the value {value:#x}"


def nested_vmx_store_msr(kvm: Kvm, vcpu: Vcpu) -> None:
    """Read L2's registers into the VM-exit MSR-store list."""
    for index in range(vmcs12.get(kvm, vcpu, EXIT_STORE.count_field)):
        number, problem = store_entry(kvm, vcpu, index)
        if problem:
            nested_vmx_abort(vcpu, ABORT_STORE, f"{entry_text(EXIT_STORE, index, number)} must {problem}")
            return


def store_entry(kvm: Kvm, vcpu: Vcpu, index: int) -> tuple[int, str]:
    """Read one register: its number, and why that fails, as load_entry()."""
    at = vmcs12.get(kvm, vcpu, EXIT_STORE.address_field) + ENTRY_SIZE * index
    first = kvm_read_guest(kvm, at)
    limit = nested_vmx_max_atomic_switch_msrs(kvm)
    if index >= limit:
        return 0, f"not be there: a list has at most {limit} entries"
    if first is None:
        return 0, f"be in memory, not at {at:#x}"
    number = first & MASK_32
    if first >> 32:
        return number, f"have bits 63:32 = 0, not {first >> 32:#x}"
    value = None if number in NOT_STORED else nested_vmx_get_vmexit_msr_value(kvm, vcpu, number)
    if value is None:
        return number, "be a register that a VM exit can store"
    kvm_write_guest(kvm, at + 8, value)
    return number, ""


def nested_vmx_get_vmexit_msr_value(kvm: Kvm, vcpu: Vcpu, number: int) -> int | None:
    """A register as VM exit stores it: of the counters L1's; before e79f245ddec1 L2's (v5.6 has the processor store it)."""
    if number == IA32_TIME_STAMP_COUNTER and kvm.era.stores_the_tsc_of_l1():
        return kvm_read_l1_tsc(kvm, vcpu)
    return kvm_get_msr(kvm, vcpu, number)


def nested_vmx_load_host_msr(kvm: Kvm, vcpu: Vcpu) -> None:
    """The VM-exit MSR-load list: L1's registers."""
    failed = nested_vmx_load_msr(kvm, vcpu, EXIT_LOAD)
    if failed:
        nested_vmx_abort(vcpu, ABORT_LOAD, f"VM_EXIT_MSR_LOAD entry {failed} cannot be loaded")


def nested_vmx_abort(vcpu: Vcpu, indicator: int, why: str) -> None:
    """L1's processor would shut down; so does the VM: a triple fault, which user space gets (nested.c)."""
    vcpu.exit_to_user = f"KVM_EXIT_SHUTDOWN (VMX abort {indicator}: {why})"
