"""Entering and leaving L2: vmcs02 from vmcs01 and vmcs12, and the flushes that a transition needs (nested.c; kvm.md E).

Before v5.0 all this lived in vmx.c, and until v5.7 prepare_vmcs02() and load_vmcs12_host_state() flushed by themselves
what nested_vmx_transition_tlb_flush() decides today.  The order of effects is that of each kernel; the division into
functions is the newest one's.
"""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw import memory
from kvmdbg.machine.hw.controls import (
    ACTIVITY_ACTIVE,
    ACTIVITY_HLT,
    AR_UNUSABLE,
    CPU_INTERRUPT_WINDOW_EXITING,
    CPU_NMI_WINDOW_EXITING,
    CPU_SECONDARY_CONTROLS,
    CPU_USE_MSR_BITMAPS,
    EFER_LMA,
    EFER_LME,
    ENTRY_IA32E_MODE,
    ENTRY_LOAD_IA32_EFER,
    EXIT_HOST_ADDR_SPACE_SIZE,
    EXIT_LOAD_IA32_EFER,
    EXIT_REASON_EXCEPTION_NMI,
    EXIT_REASON_FAILED_VMENTRY,
    EXIT_REASON_INVALID_STATE,
    EXIT_SAVE_IA32_EFER,
    INTR_INFO_ERROR_CODE,
    INTR_INFO_VALID,
    PIN_PREEMPTION_TIMER,
    RFLAGS_RESERVED1,
    SEC_ENABLE_EPT,
    SEC_ENABLE_INVPCID,
    SEC_ENABLE_RDTSCP,
    SEC_ENABLE_VMFUNC,
    SEC_UNRESTRICTED_GUEST,
    SEC_VIRTUALIZE_APIC_ACCESSES,
)
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.guest_state import PDPTES
from kvmdbg.machine.hw.vmcs import CLEAR
from kvmdbg.machine.kvm import mmu, vmcs12
from kvmdbg.machine.kvm.cr3 import set_cr3_until_v4_18
from kvmdbg.machine.kvm.events import Decided, FlushAsked, NestedEntered, NestedEntryFailed, NestedExited, NestedLeft
from kvmdbg.machine.kvm.guest_paging import is_pae_paging
from kvmdbg.machine.kvm.kvm_host import kvm_make_request
from kvmdbg.machine.kvm.nested_checks import nested_check_area
from kvmdbg.machine.kvm.nested_ept import nested_ept_init_mmu_context, nested_ept_uninit_mmu_context
from kvmdbg.machine.kvm.nested_pages import nested_get_vmcs12_pages
from kvmdbg.machine.kvm.pdptrs import load_pdptrs
from kvmdbg.machine.kvm.preemption_timer import stop_preemption_timer, vmx_start_preemption_timer
from kvmdbg.machine.kvm.questions.nested import HOOK_VPID01, HOOK_VPID02, MAKE_REQUEST, NO_FLUSH, SYNC_VPID02, Transition
from kvmdbg.machine.kvm.state import HALTED, INVALID_GPA, INVALID_PAGE, RUNNABLE, VMCS01, VMCS02, Kvm, PendingException, Vcpu
from kvmdbg.machine.kvm.vcpu_events import NOT_INJECTED
from kvmdbg.machine.kvm.virtual_interrupts import prepare_vmcs02_status, save_status
from kvmdbg.machine.kvm.vmx import (
    SEGMENTS,
    drop_instruction,
    exception_info,
    execution_controls,
    flat_segments,
    host_state,
    vmx_vcpu_load_vmcs,
)
from kvmdbg.machine.kvm.vmx_control_registers import (
    cr4_guest_owned_bits,
    ept_load_pdptrs,
    set_cr3,
    vmx_cache_pdptrs,
    vmx_set_cr0,
    vmx_set_cr4,
    vmx_set_efer,
)
from kvmdbg.machine.kvm.vmx_flush import __vmx_flush_tlb, nested_cpu_has_vpid, nested_get_vpid02, vmx_flush_tlb, vpid_sync_context
from kvmdbg.machine.kvm.vmx_ops import field, read, write
from kvmdbg.machine.kvm.x86 import kvm_service_local_tlb_flush_requests

ALL_ONES: Final = 0xFFFF_FFFF_FFFF_FFFF
NO_EXIT: Final = -1                # exit reason of nested_vmx_vmexit() for leaving L2 without an exit

# Guest state that prepare_vmcs02() copies as it is, and sync_vmcs02_to_vmcs12() copies back.
SEGMENT_FIELDS: Final = tuple(field(f"GUEST_{segment}_{part}") for segment in SEGMENTS
                              for part in ("SELECTOR", "BASE", "LIMIT", "AR_BYTES"))
COPIED: Final = (
    *SEGMENT_FIELDS, F.GUEST_GDTR_BASE, F.GUEST_GDTR_LIMIT, F.GUEST_IDTR_BASE, F.GUEST_IDTR_LIMIT, F.GUEST_SYSENTER_CS,
    F.GUEST_SYSENTER_ESP, F.GUEST_SYSENTER_EIP, F.GUEST_RSP, F.GUEST_RIP, F.GUEST_RFLAGS, F.GUEST_DR7,
    F.GUEST_PENDING_DBG_EXCEPTIONS, F.GUEST_INTERRUPTIBILITY_INFO,
)
INJECTED: Final = (F.VM_ENTRY_INTR_INFO_FIELD, F.VM_ENTRY_EXCEPTION_ERROR_CODE, F.VM_ENTRY_INSTRUCTION_LEN)
EXIT_INFORMATION: Final = (F.VM_EXIT_INTR_INFO, F.VM_EXIT_INTR_ERROR_CODE, F.IDT_VECTORING_INFO_FIELD, F.IDT_VECTORING_ERROR_CODE,
                           F.VM_EXIT_INSTRUCTION_LEN, F.VMX_INSTRUCTION_INFO, F.GUEST_LINEAR_ADDRESS)


# -- what vmcs12 asks for ------------------------------------------------------------------------------------------


def nested_cpu_has_ept(kvm: Kvm, vcpu: Vcpu) -> bool:
    """Does L1 use EPT for L2?"""
    return vmcs12.nested_cpu_has2(kvm, vcpu, SEC_ENABLE_EPT)


def nested_read_cr0(kvm: Kvm, vcpu: Vcpu) -> int:
    """CR0 as L2 reads it: L1's shadow where L1 owns the bit."""
    mask = vmcs12.get(kvm, vcpu, F.CR0_GUEST_HOST_MASK)
    return vmcs12.get(kvm, vcpu, F.GUEST_CR0) & ~mask | vmcs12.get(kvm, vcpu, F.CR0_READ_SHADOW) & mask


def nested_read_cr4(kvm: Kvm, vcpu: Vcpu) -> int:
    """CR4 as L2 reads it."""
    mask = vmcs12.get(kvm, vcpu, F.CR4_GUEST_HOST_MASK)
    return vmcs12.get(kvm, vcpu, F.GUEST_CR4) & ~mask | vmcs12.get(kvm, vcpu, F.CR4_READ_SHADOW) & mask


# -- entry (E.2) ---------------------------------------------------------------------------------------------------


def nested_vmx_enter_non_root_mode(kvm: Kvm, vcpu: Vcpu, from_vmentry: bool = True) -> None:
    """From L1 to L2; the checks have passed.

    from_vmentry: by VMLAUNCH or VMRESUME.  Else by RSM or KVM_SET_NESTED_STATE, when L1's memory may not be mapped as it will be:
    what needs it waits for KVM_REQ_GET_NESTED_STATE_PAGES (since 7f7f1ba33cf2).

    Pending flushes are served first, while "current" still means L1's context; what the transition itself owes is a
    request, because it must run after L2's root is loaded.
    """
    events_wait = kvm.era.evaluates_events_at_nested_entry() and waits_for_a_window(kvm, vcpu)
    early = kvm.era.checks_guest_state_before_the_switch()
    if early and from_vmentry and nested_vmx_check_guest_state(kvm, vcpu):
        return
    kvm_service_local_tlb_flush_requests(kvm, vcpu)
    if not kvm.config.enable_ept and kvm.era.keeps_cr3_of_l1_in_vmcs01():
        write(kvm, vcpu, F.GUEST_CR3, vcpu.cr3)
    nested_get_current_vmcs02(kvm, vcpu)
    vmx_switch_vmcs(kvm, vcpu, VMCS02)
    prepare_vmcs02_early(kvm, vcpu)
    deferred = not from_vmentry and kvm.era.defers_pages_of_vmcs12()
    if not deferred and not nested_get_vmcs12_pages(kvm, vcpu):
        vcpu.nested_run_pending = False
        vmx_switch_vmcs(kvm, vcpu, VMCS01)
        return
    if not early and from_vmentry and nested_vmx_check_guest_state(kvm, vcpu):
        return
    enter_guest_mode(kvm, vcpu)
    prepare_vmcs02(kvm, vcpu, from_vmentry)
    if deferred:
        kvm_make_request(kvm, vcpu, kvm.era.nested_state_pages_request(), "nested_vmx_enter_non_root_mode")
    if events_wait:
        kvm_make_request(kvm, vcpu, "EVENT", "nested_vmx_enter_non_root_mode")
    vmx_start_preemption_timer(kvm, vcpu)
    if not from_vmentry:
        return
    if vmcs12.get(kvm, vcpu, F.GUEST_ACTIVITY_STATE) == ACTIVITY_HLT and not injects(kvm, vcpu):
        vcpu.nested_run_pending = False
        vcpu.mp_state = HALTED          # L2 sleeps: the processor is never entered in the HLT state
    drop_instruction(vcpu)          # VMLAUNCH and VMRESUME are skipped only when L2 exits to L1
    unpark(kvm, vcpu)


def waits_for_a_window(kvm: Kvm, vcpu: Vcpu) -> bool:
    """Does an event of L1 wait until L1 takes it? With L2 active it may be taken at once (b5861e5cf2fc)."""
    return bool(read(kvm, vcpu, F.CPU_BASED_VM_EXEC_CONTROL) & (CPU_INTERRUPT_WINDOW_EXITING | CPU_NMI_WINDOW_EXITING))


def park(kvm: Kvm, vcpu: Vcpu) -> None:
    """L2 exits for an event between two attempts of an instruction: L1 runs first, L2 tries again when it goes on."""
    if vcpu.retries:
        kvm.events(vcpu).parked = vcpu.program[:1]
        drop_instruction(vcpu)


def unpark(kvm: Kvm, vcpu: Vcpu) -> None:
    """L2 goes on with the instruction that it has not finished."""
    if kvm.events(vcpu).parked:
        vcpu.program = vcpu.program.preceded_by(kvm.events(vcpu).parked)
        kvm.events(vcpu).parked = ()


def injects(kvm: Kvm, vcpu: Vcpu) -> bool:
    """Does L1 inject an event with this entry?"""
    return bool(vmcs12.get(kvm, vcpu, F.VM_ENTRY_INTR_INFO_FIELD) & INTR_INFO_VALID)


def nested_vmx_check_guest_state(kvm: Kvm, vcpu: Vcpu) -> bool:
    """True: L2's state is bad, and L1 has been told by an exit."""
    problem = nested_check_area(kvm, vcpu, "guest")
    if problem is None:
        return False
    vcpu.nested_run_pending = False
    vmx_switch_vmcs(kvm, vcpu, VMCS01)
    nested_vmx_entry_failure(kvm, vcpu, problem.qualification)
    return True


def enter_guest_mode(kvm: Kvm, vcpu: Vcpu) -> None:
    """L2 is the guest from now on."""
    vpid12 = vmcs12.get(kvm, vcpu, F.VIRTUAL_PROCESSOR_ID) if nested_cpu_has_vpid(kvm, vcpu) else 0
    kvm.emit(NestedEntered, vcpu.id, vcpu.current_vmptr, vpid12)
    set_guest_mode(kvm, vcpu, True)


def set_guest_mode(kvm: Kvm, vcpu: Vcpu, value: bool) -> None:
    """enter_guest_mode(), leave_guest_mode(): HF_GUEST_MASK, and the statistic that shows it (kvm_cache_regs.h)."""
    vcpu.guest_mode = value
    if kvm.era.shows_guest_mode():
        kvm.stats[vcpu.id, "guest_mode"] = int(value)


def vmx_switch_vmcs(kvm: Kvm, vcpu: Vcpu, which: str) -> None:
    """Make VMCS01 or VMCS02 the loaded one (nested.c: vmx_switch_vmcs())."""
    if vcpu.loaded_vmcs != which:
        vcpu.loaded_vmcs = which
        vmx_vcpu_load_vmcs(kvm, vcpu, vcpu.cpu)


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
    for encoding, value in host_state().items():
        write(kvm, vcpu, encoding, value)
    for encoding, value in merged_controls(kvm, vcpu, mine).items():
        write(kvm, vcpu, encoding, value)
    write(kvm, vcpu, F.VIRTUAL_PROCESSOR_ID, vpid_for_vmcs02(kvm, vcpu))
    prepare_vmcs02_status(kvm, vcpu)


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

    pin = mine[F.PIN_BASED_VM_EXEC_CONTROL]
    primary = mine[F.CPU_BASED_VM_EXEC_CONTROL] & ~(CPU_INTERRUPT_WINDOW_EXITING | CPU_NMI_WINDOW_EXITING)
    secondary = mine[F.SECONDARY_VM_EXEC_CONTROL] & ~(SEC_ENABLE_RDTSCP | SEC_ENABLE_INVPCID | SEC_UNRESTRICTED_GUEST
                                                           | SEC_ENABLE_VMFUNC | SEC_VIRTUALIZE_APIC_ACCESSES)
    if theirs(F.CPU_BASED_VM_EXEC_CONTROL) & CPU_SECONDARY_CONTROLS:
        secondary |= theirs(F.SECONDARY_VM_EXEC_CONTROL)
    return mine | {
        F.PIN_BASED_VM_EXEC_CONTROL: pin | theirs(F.PIN_BASED_VM_EXEC_CONTROL) & ~PIN_PREEMPTION_TIMER,
        F.CPU_BASED_VM_EXEC_CONTROL: primary | theirs(F.CPU_BASED_VM_EXEC_CONTROL) & ~CPU_USE_MSR_BITMAPS,   # L0 wants every exit
        F.SECONDARY_VM_EXEC_CONTROL: secondary,
        F.VM_ENTRY_CONTROLS: theirs(F.VM_ENTRY_CONTROLS) & ~ENTRY_LOAD_IA32_EFER | ENTRY_LOAD_IA32_EFER,
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
    nested_vmx_transition_tlb_flush(kvm, vcpu, entry=True)
    nested_ept = nested_cpu_has_ept(kvm, vcpu)
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


def nested_vmx_load_cr3(kvm: Kvm, vcpu: Vcpu, cr3: int, nested_ept: bool) -> None:
    """CR3 of the level that is entered, and the root that goes with it.

    With nested EPT the root belongs to EPTP12, so a new CR3 needs none.  Before v4.19 CR3 was loaded as by MOV CR3,
    then all roots were thrown away (kvm_set_cr3(), kvm_mmu_reset_context()).
    """
    if kvm.era.unchanged_cr3_is_a_flush_at_transitions():
        set_cr3_until_v4_18(kvm, vcpu, cr3)
        mmu.kvm_mmu_reset_context(kvm, vcpu)
        return
    set_cr3(vcpu, cr3)
    if not nested_ept:
        mmu.kvm_init_mmu(kvm, vcpu)
        mmu.kvm_mmu_new_pgd(kvm, vcpu, cr3, *kvm.era.nested_switch_skips(kvm.config.enable_ept, nested_cpu_has_vpid(kvm, vcpu)))


# -- the flush at a transition -------------------------------------------------------------------------------------


def nested_vmx_transition_tlb_flush(kvm: Kvm, vcpu: Vcpu, entry: bool) -> None:
    """Flush, ask for a flush, or find that none is owed, as this kernel decides (E.2)."""
    vpid12 = vmcs12.get(kvm, vcpu, F.VIRTUAL_PROCESSOR_ID)
    flush = kvm.era.transition_flush(Transition(
        entry, kvm.config.enable_ept, kvm.config.enable_vpid, nested_cpu_has_vpid(kvm, vcpu), vpid12, vcpu.last_vpid, vcpu.vpid02,
        nested_cpu_has_ept(kvm, vcpu)))
    answer = {NO_FLUSH: "no", MAKE_REQUEST: f"yes: KVM_REQ_{flush.request}", HOOK_VPID01: f"yes: vpid01 {vcpu.vpid}",
              HOOK_VPID02: f"yes: vpid02 {nested_get_vpid02(vcpu)}",
              SYNC_VPID02: f"yes: vpid02 {nested_get_vpid02(vcpu)}"}[flush.act]
    kvm.emit(Decided, vcpu.id, flush.function, flush.question, answer, flush.values, flush.source)
    if flush.remember_vpid12:
        vcpu.last_vpid = vpid12
    by = "nested entry" if entry else "nested exit"
    if flush.act == MAKE_REQUEST:
        kvm_make_request(kvm, vcpu, flush.request, flush.function)
    elif flush.act == HOOK_VPID01:
        kvm.emit(FlushAsked, vcpu.id, by, "vmx_flush_tlb", f"vpid01 {vcpu.vpid}")
        vmx_flush_tlb(kvm, vcpu)
    elif flush.act == HOOK_VPID02:
        kvm.emit(FlushAsked, vcpu.id, by, "__vmx_flush_tlb", f"vpid02 {nested_get_vpid02(vcpu)}")
        __vmx_flush_tlb(kvm, vcpu, nested_get_vpid02(vcpu))
    elif flush.act == SYNC_VPID02:
        kvm.emit(FlushAsked, vcpu.id, by, "vpid_sync_context", f"vpid02 {nested_get_vpid02(vcpu)}")
        vpid_sync_context(kvm, vcpu, nested_get_vpid02(vcpu))


def flush_for_apic_access_page(kvm: Kvm, vcpu: Vcpu, by: str) -> None:
    """vmcs12's own APIC-access page under the EPTP that L1 runs with: from v4.12 to v5.4 a flush each way (I-21)."""
    virtualizes = vmcs12.nested_cpu_has2(kvm, vcpu, SEC_VIRTUALIZE_APIC_ACCESSES)
    if kvm.era.apic_access_flushes_at_transitions(nested_cpu_has_ept(kvm, vcpu), virtualizes):
        kvm.emit(FlushAsked, vcpu.id, by, "vmx_flush_tlb", "the APIC-access address changes")
        vmx_flush_tlb(kvm, vcpu)


def nested_vmx_entry_failure(kvm: Kvm, vcpu: Vcpu, qualification: int) -> None:
    """L2's state is invalid: an exit with reason 33 and bit 31, L2 has not run (vmentry_fail_vmexit)."""
    reason = EXIT_REASON_INVALID_STATE | EXIT_REASON_FAILED_VMENTRY
    kvm.emit(NestedEntryFailed, vcpu.id, reason, qualification)
    vmcs12.put(kvm, vcpu, F.VM_EXIT_REASON, reason)
    vmcs12.put(kvm, vcpu, F.EXIT_QUALIFICATION, qualification)
    load_vmcs12_host_state(kvm, vcpu)
    drop_instruction(vcpu)


# -- exit (E.3) ----------------------------------------------------------------------------------------------------


def nested_vmx_vmexit(kvm: Kvm, vcpu: Vcpu, reason: int, qualification: int, intr_info: int | None = None,
                      error_code: int = 0) -> None:
    """From L2 to L1 with a 32-bit exit reason (nested.c: nested_vmx_vmexit()).

    reason: NO_EXIT when nothing is to be seen of it in vmcs12: an SMI, or user space ends nesting; L2's instruction stays.
    intr_info: VM-exit interruption information of an exit that KVM makes for an event; None: the exit that the processor made.
    """
    kvm_service_local_tlb_flush_requests(kvm, vcpu)
    if reason == NO_EXIT:
        kvm.emit(NestedLeft, vcpu.id)
    else:
        kvm.emit(NestedExited, vcpu.id, reason, qualification)
    set_guest_mode(kvm, vcpu, False)
    sync_vmcs02_to_vmcs12(kvm, vcpu)
    if reason != NO_EXIT:
        prepare_vmcs12(kvm, vcpu, reason, qualification)
    if intr_info is not None:
        record_event(kvm, vcpu, intr_info, error_code)
    if kvm.era.recovers_injection_into_l2():
        save_pending_event(kvm, vcpu)
    vmx_switch_vmcs(kvm, vcpu, VMCS01)
    flush_for_apic_access_page(kvm, vcpu, "nested exit")
    load_vmcs12_host_state(kvm, vcpu)
    if intr_info is not None:
        park(kvm, vcpu)
    elif reason != NO_EXIT and not reason & EXIT_REASON_FAILED_VMENTRY:
        drop_instruction(vcpu)


def nested_vmx_exception_vmexit(kvm: Kvm, vcpu: Vcpu, exception: PendingException) -> None:
    """An exception that L0 found for L2 is L1's affair (nested.c: nested_vmx_inject_exception_vmexit())."""
    nested_vmx_vmexit(kvm, vcpu, EXIT_REASON_EXCEPTION_NMI, exception.address, exception_info(exception.vector),
                      exception.error_code)


def nested_ept_inject_page_fault(kvm: Kvm, vcpu: Vcpu, reason: int, qualification: int, gpa: int) -> None:
    """EPT12 explains the fault of L2 at gpa: L1's affair, the only exits that write the guest-physical address (nested.c)."""
    nested_vmx_vmexit(kvm, vcpu, reason, qualification)
    vmcs12.put(kvm, vcpu, F.GUEST_PHYSICAL_ADDRESS, gpa)


def record_event(kvm: Kvm, vcpu: Vcpu, intr_info: int, error_code: int) -> None:
    """The event that L2 exits for; an interrupt that is not acknowledged leaves no information."""
    vmcs12.put(kvm, vcpu, F.VM_EXIT_INTR_INFO, intr_info)
    if intr_info & INTR_INFO_ERROR_CODE:
        vmcs12.put(kvm, vcpu, F.VM_EXIT_INTR_ERROR_CODE, error_code)


def save_pending_event(kvm: Kvm, vcpu: Vcpu) -> None:
    """What was on its way into L2 is L1's to inject again: IDT-vectoring information (nested.c: vmcs12_save_pending_event())."""
    events = kvm.events(vcpu)
    if events.mtf_pending:
        events.mtf_pending = False
    if events.injected == NOT_INJECTED:
        return
    vmcs12.put(kvm, vcpu, F.IDT_VECTORING_INFO_FIELD, events.injected.info)
    if events.injected.info & INTR_INFO_ERROR_CODE:
        vmcs12.put(kvm, vcpu, F.IDT_VECTORING_ERROR_CODE, events.injected.error_code)
    events.injected = NOT_INJECTED


def sync_vmcs02_to_vmcs12(kvm: Kvm, vcpu: Vcpu) -> None:
    """L2's state back to L1's VMCS."""
    for encoding in COPIED:
        vmcs12.put(kvm, vcpu, encoding, read(kvm, vcpu, encoding))
    vmcs12.put(kvm, vcpu, F.GUEST_ACTIVITY_STATE, ACTIVITY_HLT if vcpu.mp_state == HALTED else ACTIVITY_ACTIVE)
    vcpu.mp_state = RUNNABLE
    save_status(kvm, vcpu)
    stop_preemption_timer(kvm, vcpu)
    vmcs12.put(kvm, vcpu, F.GUEST_CR0, vmcs12_guest_cr(kvm, vcpu, F.GUEST_CR0, F.CR0_READ_SHADOW, F.CR0_GUEST_HOST_MASK,
                                                       nested_cr0_guest_owned_bits(kvm, vcpu)))
    vmcs12.put(kvm, vcpu, F.GUEST_CR4, vmcs12_guest_cr(kvm, vcpu, F.GUEST_CR4, F.CR4_READ_SHADOW, F.CR4_GUEST_HOST_MASK,
                                                       nested_cr4_guest_owned_bits(kvm, vcpu)))
    if kvm.config.enable_ept:
        vmcs12.put(kvm, vcpu, F.GUEST_CR3, read(kvm, vcpu, F.GUEST_CR3))
    if nested_cpu_has_ept(kvm, vcpu) and is_pae_paging(kvm, vcpu):
        for encoding, value in zip(PDPTES, vmx_cache_pdptrs(kvm, vcpu), strict=True):
            vmcs12.put(kvm, vcpu, encoding, value)
    if vmcs12.get(kvm, vcpu, F.VM_EXIT_CONTROLS) & EXIT_SAVE_IA32_EFER:
        vmcs12.put(kvm, vcpu, F.GUEST_IA32_EFER, vcpu.efer)


def vmcs12_guest_cr(kvm: Kvm, vcpu: Vcpu, guest: int, shadow: int, mask: int, owned: int) -> int:
    """CR0 or CR4 of L2 for vmcs12: from hardware what L2 owns, from vmcs12 what L1 owns, the rest from the shadow L2 reads."""
    theirs = vmcs12.get(kvm, vcpu, mask)
    return (read(kvm, vcpu, guest) & owned
            | vmcs12.get(kvm, vcpu, guest) & theirs
            | read(kvm, vcpu, shadow) & ~(theirs | owned))


def prepare_vmcs12(kvm: Kvm, vcpu: Vcpu, reason: int, qualification: int) -> None:
    """Why L2 exited, for L1 to read."""
    vmcs12.put(kvm, vcpu, F.VM_EXIT_REASON, reason)
    vmcs12.put(kvm, vcpu, F.EXIT_QUALIFICATION, qualification)
    for encoding in EXIT_INFORMATION:
        vmcs12.put(kvm, vcpu, encoding, read(kvm, vcpu, encoding))
    if not reason & EXIT_REASON_FAILED_VMENTRY:
        vmcs12.put(kvm, vcpu, vmcs12.LAUNCH_STATE, 1)
        info = vmcs12.get(kvm, vcpu, F.VM_ENTRY_INTR_INFO_FIELD)
        vmcs12.put(kvm, vcpu, F.VM_ENTRY_INTR_INFO_FIELD, info & ~INTR_INFO_VALID)


def load_vmcs12_host_state(kvm: Kvm, vcpu: Vcpu) -> None:
    """L1 goes on as vmcs12's host-state area says; its MMU first, then the transition's flush (J.2.7)."""
    def theirs(encoding: int) -> int:
        return vmcs12.get(kvm, vcpu, encoding)

    vmx_set_efer(kvm, vcpu, host_efer(kvm, vcpu))
    write(kvm, vcpu, F.GUEST_RSP, theirs(F.HOST_RSP))
    write(kvm, vcpu, F.GUEST_RIP, theirs(F.HOST_RIP))
    write(kvm, vcpu, F.GUEST_RFLAGS, RFLAGS_RESERVED1)
    write(kvm, vcpu, F.GUEST_INTERRUPTIBILITY_INFO, 0)
    vmx_set_cr0(kvm, vcpu, theirs(F.HOST_CR0))
    vmx_set_cr4(kvm, vcpu, theirs(F.HOST_CR4))
    nested_ept_uninit_mmu_context(kvm, vcpu)
    if is_pae_paging(kvm, vcpu) and not load_pdptrs(kvm, vcpu, theirs(F.HOST_CR3)):
        vcpu.exit_to_user = "KVM_EXIT_SHUTDOWN (VMX abort 2: L1's PDPTEs cannot be loaded)"
    nested_vmx_load_cr3(kvm, vcpu, theirs(F.HOST_CR3), nested_ept=False)
    nested_vmx_transition_tlb_flush(kvm, vcpu, entry=False)
    load_host_segments(kvm, vcpu)


def host_efer(kvm: Kvm, vcpu: Vcpu) -> int:
    """EFER for L1: from the host-state area, or LMA and LME by "host address-space size"."""
    controls = vmcs12.get(kvm, vcpu, F.VM_EXIT_CONTROLS)
    if controls & EXIT_LOAD_IA32_EFER:
        return vmcs12.get(kvm, vcpu, F.HOST_IA32_EFER)
    long = EFER_LMA | EFER_LME
    return vcpu.efer & ~long | (long if controls & EXIT_HOST_ADDR_SPACE_SIZE else 0)


def load_host_segments(kvm: Kvm, vcpu: Vcpu) -> None:
    """L1's segments: selectors and bases from vmcs12, the hidden parts flat."""
    for encoding, value in flat_segments().items():
        write(kvm, vcpu, encoding, value)
    for name in ("ES", "CS", "SS", "DS", "FS", "GS", "TR"):
        selector = vmcs12.get(kvm, vcpu, field(f"HOST_{name}_SELECTOR"))
        write(kvm, vcpu, field(f"GUEST_{name}_SELECTOR"), selector)
        if not selector and name not in ("CS", "TR"):
            write(kvm, vcpu, field(f"GUEST_{name}_AR_BYTES"), AR_UNUSABLE)
    for name in ("FS", "GS", "TR"):
        write(kvm, vcpu, field(f"GUEST_{name}_BASE"), vmcs12.get(kvm, vcpu, field(f"HOST_{name}_BASE")))
    for name in ("GDTR", "IDTR"):
        write(kvm, vcpu, field(f"GUEST_{name}_BASE"), vmcs12.get(kvm, vcpu, field(f"HOST_{name}_BASE")))
        write(kvm, vcpu, field(f"GUEST_{name}_LIMIT"), 0xFFFF)
