"""vmcs02, the VMCS that L2 runs with: where it comes from, and what L0 and L1 put into it (nested.c; kvm.md E.2)."""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw import memory
from kvmdbg.machine.hw.capabilities import required_controls
from kvmdbg.machine.hw.controls import (
    CPU_INTERRUPT_WINDOW_EXITING,
    CPU_NMI_WINDOW_EXITING,
    CPU_SECONDARY_CONTROLS,
    CPU_USE_IO_BITMAPS,
    CPU_USE_MSR_BITMAPS,
    EFER_LMA,
    EFER_LME,
    ENTRY_IA32E_MODE,
    ENTRY_LOAD_IA32_EFER,
    ENTRY_LOAD_IA32_PAT,
    PIN_PREEMPTION_TIMER,
    SEC_ENABLE_INVPCID,
    SEC_ENABLE_PML,
    SEC_ENABLE_RDTSCP,
    SEC_ENABLE_VMFUNC,
    SEC_SHADOW_VMCS,
    SEC_UNRESTRICTED_GUEST,
    SEC_VIRTUALIZE_APIC_ACCESSES,
)
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.guest_state import PDPTES
from kvmdbg.machine.hw.vmcs import CLEAR
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.machine.kvm.events import Decided
from kvmdbg.machine.kvm.guest_paging import is_pae_paging
from kvmdbg.machine.kvm.msr.pat import prepare_vmcs02_pat
from kvmdbg.machine.kvm.msr.tsc import write_tsc_offset
from kvmdbg.machine.kvm.nested_ept import nested_ept_init_mmu_context
from kvmdbg.machine.kvm.nested_posted_interrupts import prepare_vmcs02_posted
from kvmdbg.machine.kvm.nested_transition import flush_for_apic_access_page, nested_vmx_load_cr3, nested_vmx_transition_tlb_flush
from kvmdbg.machine.kvm.pdptrs import load_pdptrs
from kvmdbg.machine.kvm.state import INVALID_GPA, INVALID_PAGE, Kvm, Vcpu
from kvmdbg.machine.kvm.virtual_interrupts import prepare_vmcs02_status
from kvmdbg.machine.kvm.vmx import SEGMENTS, execution_controls, host_state
from kvmdbg.machine.kvm.vmx_control_registers import cr4_guest_owned_bits, ept_load_pdptrs, vmx_set_cr0, vmx_set_cr4, vmx_set_efer
from kvmdbg.machine.kvm.vmx_flush import nested_cpu_has_vpid
from kvmdbg.machine.kvm.vmx_ops import field, write

BITMAPS: Final = CPU_USE_MSR_BITMAPS | CPU_USE_IO_BITMAPS
ALL_ONES: Final = 0xFFFF_FFFF_FFFF_FFFF

# Guest state that prepare_vmcs02() copies as it is, and sync_vmcs02_to_vmcs12() copies back.
SEGMENT_FIELDS: Final = tuple(field(f"GUEST_{segment}_{part}") for segment in SEGMENTS
                              for part in ("SELECTOR", "BASE", "LIMIT", "AR_BYTES"))
COPIED: Final = (
    *SEGMENT_FIELDS, F.GUEST_GDTR_BASE, F.GUEST_GDTR_LIMIT, F.GUEST_IDTR_BASE, F.GUEST_IDTR_LIMIT, F.GUEST_SYSENTER_CS,
    F.GUEST_SYSENTER_ESP, F.GUEST_SYSENTER_EIP, F.GUEST_RSP, F.GUEST_RIP, F.GUEST_RFLAGS, F.GUEST_DR7,
    F.GUEST_PENDING_DBG_EXCEPTIONS, F.GUEST_INTERRUPTIBILITY_INFO,
)
INJECTED: Final = (F.VM_ENTRY_INTR_INFO_FIELD, F.VM_ENTRY_EXCEPTION_ERROR_CODE, F.VM_ENTRY_INSTRUCTION_LEN)


def alloc_vmcs02(kvm: Kvm, vcpu: Vcpu) -> None:
    """The region for vmcs02, once a vCPU; never loaded anywhere yet."""
    if vcpu.vmcs02 == INVALID_PAGE:
        vcpu.vmcs02 = memory.alloc_frame(kvm.hw, f"vmcs02 of vcpu{vcpu.id}")
    for region, encoding in kvm.hw.vmcs:
        if region == vcpu.vmcs02:
            del kvm.hw.vmcs[region, encoding]         # alloc_vmcs() zeroes it
    kvm.hw.launch_state[vcpu.vmcs02] = CLEAR
    vcpu.vmcs02_cpu = -1
    vcpu.vmcs02_launched = False
    if vcpu.vmcs02_vmptr != INVALID_GPA:
        vcpu.vmcs02_vmptr = INVALID_GPA


def nested_get_current_vmcs02(kvm: Kvm, vcpu: Vcpu) -> None:
    """The pool of old kernels holds one vmcs02: the vmcs12's own, another's that is taken over, or a new one, loaded nowhere."""
    if not kvm.era.vmclear_frees_vmcs02():
        return
    answer = ("no: a new one" if vcpu.vmcs02_vmptr == INVALID_GPA else "yes" if vcpu.vmcs02_vmptr == vcpu.current_vmptr
              else "no: the one in the pool is taken over")
    kvm.emit(Decided, vcpu.id, "nested_get_current_vmcs02", "is there a vmcs02 for this vmcs12?", answer,
             f"vmcs12 {vcpu.current_vmptr:#x}", "vmx.c: nested_get_current_vmcs02(), VMCS02_POOL_SIZE 1")
    if vcpu.vmcs02_vmptr == INVALID_GPA:
        alloc_vmcs02(kvm, vcpu)
    if vcpu.vmcs02_vmptr != vcpu.current_vmptr:
        vcpu.vmcs02_vmptr = vcpu.current_vmptr


def nested_free_vmcs02(vcpu: Vcpu, vmptr: int) -> None:
    """VMCLEAR of a vmcs12 frees its vmcs02 (vmx.c: nested_free_vmcs02(), until de3a0021a606)."""
    if vcpu.vmcs02_vmptr == vmptr:
        vcpu.vmcs02_vmptr = INVALID_GPA


def prepare_vmcs02_early(kvm: Kvm, vcpu: Vcpu) -> None:
    """Host state and controls: what L0 wants, and what L1 wants."""
    mine = execution_controls(kvm, vcpu.vpid)
    for encoding, value in host_state(kvm.hw.caps).items():
        write(kvm, vcpu, encoding, value)
    for encoding, value in merged_controls(kvm, vcpu, mine).items():
        write(kvm, vcpu, encoding, value)
    write(kvm, vcpu, F.VIRTUAL_PROCESSOR_ID, vpid_for_vmcs02(kvm, vcpu))
    prepare_vmcs02_status(kvm, vcpu)
    prepare_vmcs02_posted(kvm, vcpu)


def vpid_for_vmcs02(kvm: Kvm, vcpu: Vcpu) -> int:
    """The VPID that L2 will run with, 0 without enable_vpid."""
    if not kvm.config.enable_vpid:
        return 0
    has_vpid12 = nested_cpu_has_vpid(kvm, vcpu)
    vpid = kvm.era.vmcs02_vpid(has_vpid12, vcpu.vpid, vcpu.vpid02)
    kvm.emit(Decided, vcpu.id, "prepare_vmcs02", "which VPID does L2 run with?",
             f"{vpid} ({'vpid02' if vpid == vcpu.vpid02 and vpid else 'vpid01'})",
             f"vmcs12 {'enables' if has_vpid12 else 'does not enable'} VPID, vpid02 {vcpu.vpid02}",
             "nested.c: prepare_vmcs02(); vmx.c before v5.0")
    return vpid


def merged_controls(kvm: Kvm, vcpu: Vcpu, mine: dict[int, int]) -> dict[int, int]:
    """Control fields of vmcs02: L0's own plus L1's, less what L0 keeps for itself."""
    def theirs(encoding: int) -> int:
        return vmcs12.get(kvm, vcpu, encoding)

    required = required_controls(kvm.hw.caps)
    pin = mine[F.PIN_BASED_VM_EXEC_CONTROL]
    primary = mine[F.CPU_BASED_VM_EXEC_CONTROL] & ~(CPU_INTERRUPT_WINDOW_EXITING | CPU_NMI_WINDOW_EXITING)
    secondary = mine[F.SECONDARY_VM_EXEC_CONTROL] & ~(SEC_ENABLE_RDTSCP | SEC_ENABLE_INVPCID | SEC_UNRESTRICTED_GUEST
                                                           | SEC_ENABLE_VMFUNC | SEC_VIRTUALIZE_APIC_ACCESSES
                                                           | SEC_SHADOW_VMCS)
    if theirs(F.CPU_BASED_VM_EXEC_CONTROL) & CPU_SECONDARY_CONTROLS:
        # L2's VMREAD and VMWRITE are emulated, and KVM's MMU logs what L1 wants logged
        secondary |= theirs(F.SECONDARY_VM_EXEC_CONTROL) & ~(SEC_SHADOW_VMCS | SEC_ENABLE_PML)
    return mine | {
        F.PIN_BASED_VM_EXEC_CONTROL: pin | theirs(F.PIN_BASED_VM_EXEC_CONTROL) & ~PIN_PREEMPTION_TIMER,
        F.CPU_BASED_VM_EXEC_CONTROL: primary | theirs(F.CPU_BASED_VM_EXEC_CONTROL) & ~BITMAPS,      # L0 wants every exit
        F.SECONDARY_VM_EXEC_CONTROL: secondary,
        F.VM_ENTRY_CONTROLS: required[F.VM_ENTRY_CONTROLS] | ENTRY_LOAD_IA32_EFER
        | theirs(F.VM_ENTRY_CONTROLS) & ~ENTRY_LOAD_IA32_PAT,      # which KVM keeps in its own memory (msr/pat.py)
        F.VM_EXIT_CONTROLS: mine[F.VM_EXIT_CONTROLS],
        F.EXCEPTION_BITMAP: mine[F.EXCEPTION_BITMAP] | theirs(F.EXCEPTION_BITMAP),
        F.PAGE_FAULT_ERROR_CODE_MASK: theirs(F.PAGE_FAULT_ERROR_CODE_MASK) if kvm.config.enable_ept else 0,
        F.PAGE_FAULT_ERROR_CODE_MATCH: theirs(F.PAGE_FAULT_ERROR_CODE_MATCH) if kvm.config.enable_ept else 0,
        F.CR0_GUEST_HOST_MASK: ALL_ONES & ~nested_cr0_guest_owned_bits(kvm, vcpu),
        F.CR4_GUEST_HOST_MASK: ALL_ONES & ~nested_cr4_guest_owned_bits(kvm, vcpu),
    }


def nested_cr0_guest_owned_bits(kvm: Kvm, vcpu: Vcpu) -> int:
    """CR0 bits that L2 changes without an exit: neither L0 nor L1 wants them."""
    return kvm.era.cr0_guest_owned_bits(kvm.config.enable_ept) & ~vmcs12.get(kvm, vcpu, F.CR0_GUEST_HOST_MASK)


def nested_cr4_guest_owned_bits(kvm: Kvm, vcpu: Vcpu) -> int:
    """CR4 bits that L2 changes without an exit: neither L0 nor L1 wants them."""
    return cr4_guest_owned_bits(kvm) & ~vmcs12.get(kvm, vcpu, F.CR4_GUEST_HOST_MASK)


def prepare_vmcs02(kvm: Kvm, vcpu: Vcpu, from_vmentry: bool = True) -> None:
    """Guest state, the transition's flush, then L2's MMU, control registers and CR3, in this order.

    from_vmentry: False leaves PDPTEs in L1's memory to KVM_REQ_GET_NESTED_STATE_PAGES (0f85722341b0).
    """
    for encoding in COPIED:
        write(kvm, vcpu, encoding, vmcs12.get(kvm, vcpu, encoding))
    for encoding in INJECTED:
        write(kvm, vcpu, encoding, vmcs12.get(kvm, vcpu, encoding) if vcpu.nested_run_pending else 0)
    prepare_vmcs02_pat(kvm, vcpu)
    write_tsc_offset(kvm, vcpu, in_l2=True)
    nested_vmx_transition_tlb_flush(kvm, vcpu, entry=True)
    nested_ept = vmcs12.nested_cpu_has_ept(kvm, vcpu)
    if nested_ept:
        nested_ept_init_mmu_context(kvm, vcpu)
    flush_for_apic_access_page(kvm, vcpu, "nested entry")
    vmx_set_cr0(kvm, vcpu, vmcs12.get(kvm, vcpu, F.GUEST_CR0))
    write(kvm, vcpu, F.CR0_READ_SHADOW, nested_read_cr0(kvm, vcpu))
    vmx_set_cr4(kvm, vcpu, vmcs12.get(kvm, vcpu, F.GUEST_CR4))
    write(kvm, vcpu, F.CR4_READ_SHADOW, nested_read_cr4(kvm, vcpu))
    vmx_set_efer(kvm, vcpu, nested_vmx_calc_efer(kvm, vcpu))
    nested_vmx_load_cr3(kvm, vcpu, vmcs12.get(kvm, vcpu, F.GUEST_CR3), nested_ept)
    if kvm.config.enable_ept and kvm.era.writes_cr3_of_l2_at_once():
        write(kvm, vcpu, F.GUEST_CR3, vmcs12.get(kvm, vcpu, F.GUEST_CR3))      # an exit may come before the root is loaded
    if from_vmentry or nested_ept or not kvm.era.defers_pdptrs_of_l2():
        load_l2_pdptrs(kvm, vcpu, nested_ept)


def load_l2_pdptrs(kvm: Kvm, vcpu: Vcpu, nested_ept: bool) -> None:
    """PDPTEs of an L2 in PAE paging: vmcs12's where L1 uses EPT, else those in memory, which have been checked."""
    if not is_pae_paging(kvm, vcpu):
        return
    if nested_ept:
        first, second, third, fourth = (vmcs12.get(kvm, vcpu, encoding) for encoding in PDPTES)
        ept_load_pdptrs(kvm, vcpu, (first, second, third, fourth))
    else:
        load_pdptrs(kvm, vcpu, vmcs12.get(kvm, vcpu, F.GUEST_CR3))


def nested_vmx_calc_efer(kvm: Kvm, vcpu: Vcpu) -> int:
    """EFER for L2: loaded from vmcs12, or L1's with LMA and LME by "IA-32e mode guest"."""
    controls = vmcs12.get(kvm, vcpu, F.VM_ENTRY_CONTROLS)
    if controls & ENTRY_LOAD_IA32_EFER:
        return vmcs12.get(kvm, vcpu, F.GUEST_IA32_EFER)
    long = EFER_LMA | EFER_LME
    return vcpu.efer & ~long | (long if controls & ENTRY_IA32E_MODE else 0)


def nested_read_cr0(kvm: Kvm, vcpu: Vcpu) -> int:
    """CR0 as L2 reads it: L1's shadow where L1 owns the bit."""
    mask = vmcs12.get(kvm, vcpu, F.CR0_GUEST_HOST_MASK)
    return vmcs12.get(kvm, vcpu, F.GUEST_CR0) & ~mask | vmcs12.get(kvm, vcpu, F.CR0_READ_SHADOW) & mask


def nested_read_cr4(kvm: Kvm, vcpu: Vcpu) -> int:
    """CR4 as L2 reads it."""
    mask = vmcs12.get(kvm, vcpu, F.CR4_GUEST_HOST_MASK)
    return vmcs12.get(kvm, vcpu, F.GUEST_CR4) & ~mask | vmcs12.get(kvm, vcpu, F.CR4_READ_SHADOW) & mask
