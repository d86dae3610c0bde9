"""The questions that KVM's code asks its kernel, with the answers of the newest kernel (v6.12).

A kernel is this class with the `Without` of every commit that it lacks stacked on it (machine/eras). Code never asks
for a version: it asks a question whose name says what differs. Answers are pure: they see values, never the machine.
"""

from __future__ import annotations

from typing import Final, NamedTuple

NO_FLUSH: Final = "none"                  # what a nested transition can do about the TLB (see TransitionFlush.act)
MAKE_REQUEST: Final = "request"
HOOK_VPID01: Final = "vmx_flush_tlb"
HOOK_VPID02: Final = "__vmx_flush_tlb(vpid02)"


class Transition(NamedTuple):
    """What a kernel looks at when it decides how to flush at a nested entry or exit."""

    entry: bool                # True: L1 -> L2
    enable_ept: bool
    enable_vpid: bool
    has_vpid12: bool           # vmcs12 enables VPID
    vpid12: int                # 0..0xffff
    last_vpid: int             # vpid12 of the last nested entry that used one
    vpid02: int                # 0: none


class TransitionFlush(NamedTuple):
    """What a kernel does at a nested transition, and why."""

    act: str                   # NO_FLUSH, MAKE_REQUEST, HOOK_VPID01 or HOOK_VPID02
    request: str               # with MAKE_REQUEST: the request's name
    question: str
    values: str                # the values that decided
    function: str              # the kernel function in which this is decided
    source: str
    remember_vpid12: bool = False      # last_vpid = vpid12


# A.2, v6.12: arch request n is bit n + 8 of vcpu->requests (KVM_ARCH_REQ).
REQUEST_BITS_V6_12: Final = {
    "TLB_FLUSH": 0, "VM_DEAD": 1, "UNBLOCK": 2, "DIRTY_RING_SOFT_FULL": 3,
    "MIGRATE_TIMER": 8, "REPORT_TPR_ACCESS": 9, "TRIPLE_FAULT": 10, "MMU_SYNC": 11, "CLOCK_UPDATE": 12, "LOAD_MMU_PGD": 13,
    "EVENT": 14, "APF_HALT": 15, "STEAL_UPDATE": 16, "NMI": 17, "PMU": 18, "PMI": 19, "SMI": 20, "MASTERCLOCK_UPDATE": 21,
    "MCLOCK_INPROGRESS": 22, "SCAN_IOAPIC": 23, "GLOBAL_CLOCK_UPDATE": 24, "APIC_PAGE_RELOAD": 25, "HV_CRASH": 26,
    "IOAPIC_EOI_EXIT": 27, "HV_RESET": 28, "HV_EXIT": 29, "HV_STIMER": 30, "LOAD_EOI_EXITMAP": 31, "GET_NESTED_STATE_PAGES": 32,
    "APICV_UPDATE": 33, "TLB_FLUSH_CURRENT": 34, "TLB_FLUSH_GUEST": 35, "APF_READY": 36, "MSR_FILTER_CHANGED": 37,
    "UPDATE_CPU_DIRTY_LOGGING": 38, "MMU_FREE_OBSOLETE_ROOTS": 39, "HV_TLB_FLUSH": 40, "UPDATE_PROTECTED_GUEST_STATE": 42,
}


class Era:
    """Mainline's answers, v6.12."""

    name: str = "v6.12"

    # -- requests (x86.c, kvm_host.h) -----------------------------------------------------------------------------

    def request_bits(self) -> dict[str, int]:
        """Bit of each KVM_REQ_* in vcpu->requests (kvm_host.h; kvm.md A)."""
        return REQUEST_BITS_V6_12

    # -- flush hooks (vmx.c; kvm.md C.2) --------------------------------------------------------------------------

    def has_flush_hooks_by_scope(self) -> bool:
        """Are there separate hooks for all contexts, the current one, and the guest's view?"""
        return True

    def current_vpid_is_vpid02(self, guest_mode: bool, has_vpid12: bool) -> bool:
        """Is vpid02 the VPID to flush for the context that runs? (vmx.c: vmx_get_current_vpid())"""
        return guest_mode and has_vpid12

    def fallback_flushes_all_for_vpid0(self) -> bool:
        """Does vpid_sync_context(0) on a CPU without single-context INVVPID flush every VPID? (kvm.md C.1)"""
        return False

    def root_load_flushes_the_current_context(self) -> bool:
        """Does loading a root flush the context that it makes current? Else set_cr3 flushes VPID01 and the new EPTP."""
        return True

    def pge_is_a_role_bit(self) -> bool:
        """Does a changed CR4.PGE reset the MMU, instead of asking for a guest flush? (a91a7c709600)"""
        return False

    def wp_change_resets_the_mmu(self) -> bool:
        """With EPT, does a changed CR0.WP reset the MMU?"""
        return False

    def syncs_ask_for_a_local_flush(self) -> bool:
        """Does syncing a shadow page make this vCPU flush even when nothing was dropped? (kvm.md D, unsync paths)"""
        return False

    def syncs_before_linking(self) -> bool:
        """Is a shadow page synced with all below it before it is linked again? Else at the next entry. (65855ed8b034)"""
        return True

    # -- MMU roots (mmu.c; kvm.md G) ------------------------------------------------------------------------------

    def caches_roots(self) -> bool:
        """Do roots survive nested transitions: guest_mmu beside root_mmu, prev_roots, fast_pgd_switch()?"""
        return True

    def unchanged_cr3_is_a_flush_at_transitions(self) -> bool:
        """Does a nested transition load CR3 as MOV CR3 does, where an unchanged value asks for a flush? (kvm.md D)"""
        return False

    def guest_mode_is_in_the_role(self) -> bool:
        """Are L2's direct roots kept apart from L1's? (1313cc2bd8f6)"""
        return True

    def nested_ept_ad(self) -> bool:
        """May L1 enable A/D bits in EPT12? (IA32_VMX_EPT_VPID_CAP bit 21 as L1 reads it)"""
        return True

    def syncs_the_faulting_address(self) -> bool:
        """Is EPT02 synced for the address of a violation that L1 gets, though L1's tables map it? (ee1fa209f5e5)"""
        return True

    def syncs_roots_of_the_same_ep4ta(self) -> bool:
        """Are other cached roots of the same EP4TA synced for that address as well? (85aa8889b82e)"""
        return True

    # -- nested VMX (nested.c; kvm.md E) --------------------------------------------------------------------------

    def caches_vmcs12(self) -> bool:
        """Is the current vmcs12 a copy in host memory, written back when it is released?"""
        return True

    def has_vpid02(self) -> bool:
        """Has a vCPU a second VPID, for its L2s? (5c614b3583e7)"""
        return True

    def vpid02_lives_from_vmxon(self) -> bool:
        """Is vpid02 allocated at VMXON and freed at VMXOFF (else at the creation of the vCPU)?"""
        return True

    def offers_vpid_to_l1(self, enable_vpid: bool) -> bool:
        """Can L1 set "enable VPID" in vmcs12?"""
        return enable_vpid

    def nested_invvpid_types(self, enable_vpid: bool) -> tuple[int, ...]:
        """INVVPID types that L1 is offered; () = INVVPID is #UD."""
        return (0, 1, 2, 3) if enable_vpid else ()

    def nested_invept_types(self) -> tuple[int, ...]:
        """INVEPT types that L1 is offered."""
        return (1, 2)

    def vmwrite_reaches_read_only_fields(self) -> bool:
        """May L1 VMWRITE exit-information fields (IA32_VMX_MISC bit 29 as L1 reads it)?"""
        return True

    def skips_an_illegal_invalidation(self) -> bool:
        """Is RIP moved on after an INVEPT/INVVPID of an unsupported type? Else L1 repeats it for ever (I-4)."""
        return True

    def checks_invvpid_operand(self) -> bool:
        """Is the INVVPID descriptor read and checked? Else 4 bytes are read and their value is ignored (E.4)."""
        return True

    def checks_vpid12_not_zero(self) -> bool:
        """Does VM entry with "enable VPID" and VPID 0 in vmcs12 fail with error 7?"""
        return True

    def checks_guest_state_before_the_switch(self) -> bool:
        """Is L2's guest state checked before anything is flushed or vmcs02 is loaded? (E.2)"""
        return False

    def checks_cr0_and_cr4_at_vmxon(self) -> bool:
        """Is VMXON #GP when CR0 or CR4 lacks a fixed bit? (E.1)"""
        return True

    def checks_eptp12(self) -> bool:
        """Is vmcs12's EPTP checked (nested_vmx_check_eptp())?"""
        return True

    def vmcs02_vpid(self, has_vpid12: bool, vpid01: int, vpid02: int) -> int:
        """VPID that vmcs02 gets (prepare_vmcs02())."""
        return vpid02 if has_vpid12 and vpid02 else vpid01

    def transition_flush(self, t: Transition) -> TransitionFlush:
        """nested.c: nested_vmx_transition_tlb_flush(), v6.12."""
        function = "nested_vmx_transition_tlb_flush"
        source = "nested.c: nested_vmx_transition_tlb_flush(), v6.12"
        if not t.has_vpid12:
            return TransitionFlush(MAKE_REQUEST, "TLB_FLUSH_GUEST", "does L1 expect VPID 0 to be flushed?",
                                   "vmcs12 does not enable VPID", function, source)
        if t.entry and t.vpid12 != t.last_vpid:
            return TransitionFlush(MAKE_REQUEST, "TLB_FLUSH_GUEST", "is vpid12 new to vpid02?",
                                   f"vpid12 {t.vpid12} != last_vpid {t.last_vpid}", function, source, remember_vpid12=True)
        if not (t.enable_ept or t.vpid02):
            return TransitionFlush(MAKE_REQUEST, "TLB_FLUSH_CURRENT", "has L2 a TLB tag of its own?",
                                   "enable_ept=0 and no vpid02", function, source)
        values = f"last_vpid {t.last_vpid} == vpid12 {t.vpid12}" if t.entry else "vmcs12 enables VPID"
        tag = "enable_ept=1: L2 has its own EPTP" if t.enable_ept else f"vpid02 {t.vpid02}"
        return TransitionFlush(NO_FLUSH, "", "flush at the nested transition?", f"{values}; {tag}", function, source)

    def flushes_served_at_transitions(self) -> tuple[str, ...]:
        """Requests serviced for the old context before a nested entry or exit switches (E.2, E.3)."""
        return ("TLB_FLUSH_CURRENT", "TLB_FLUSH_GUEST")

    def invept_frees_matching_roots(self) -> bool:
        """Does INVEPT by L1 free the roots of its EPTP? Else it syncs the current root and asks for a full flush (E.5)."""
        return True

    # -- statistics (kvm.md H) ------------------------------------------------------------------------------------

    def counts_remote_flush_requests(self) -> bool:
        """Is there a statistic remote_tlb_flush_requests?"""
        return True

    def counts_nested_run(self) -> bool:
        """Is there a vCPU statistic nested_run?"""
        return True
