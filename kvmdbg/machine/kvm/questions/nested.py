"""Nested VMX: what L1 is offered and checked for, and what a transition flushes (nested.c; kvm.md E)."""

from __future__ import annotations

from typing import Final, NamedTuple

from kvmdbg.machine.kvm.questions.flushes import FlushQuestions

NO_FLUSH: Final = "none"                  # what a nested transition can do about the TLB (see TransitionFlush.act)
MAKE_REQUEST: Final = "request"
HOOK_VPID01: Final = "vmx_flush_tlb"
HOOK_VPID02: Final = "__vmx_flush_tlb(vpid02)"
SYNC_VPID02: Final = "vpid_sync_context(vpid02)"

FREE_MATCHING_ROOTS: Final = "free the roots of this EPTP"        # what INVEPT of L1 does (see invept_effect())
FREE_ALL_ROOTS: Final = "free all roots of EPT12"
NO_EFFECT: Final = "nothing"
SYNC_AND_FLUSH: Final = "sync the current root and ask for a full flush"

FREE_GUEST_MODE_ROOTS: Final = "free the roots of L2"             # what INVVPID of L1 does to roots without EPT
FREE_EVERY_ROOT: Final = "free every root"


class RequiredControls(NamedTuple):
    """Controls of vmcs12 that must be 1, a word for each field."""

    pin: int
    cpu: int                   # primary processor-based
    exit: int
    entry: int


class Transition(NamedTuple):
    """What a kernel looks at when it decides how to flush at a nested entry or exit."""

    entry: bool                # True: L1 -> L2
    enable_ept: bool
    enable_vpid: bool
    has_vpid12: bool           # vmcs12 enables VPID
    vpid12: int                # 0..0xffff
    last_vpid: int             # vpid12 of the last nested entry that used one
    vpid02: int                # 0: none
    has_ept12: bool = True     # vmcs12 enables EPT


class TransitionFlush(NamedTuple):
    """What a kernel does at a nested transition, and why."""

    act: str                   # NO_FLUSH, MAKE_REQUEST, HOOK_VPID01, HOOK_VPID02 or SYNC_VPID02
    request: str               # with MAKE_REQUEST: the request's name
    question: str
    values: str                # the values that decided
    function: str              # the kernel function in which this is decided
    source: str
    remember_vpid12: bool = False      # last_vpid = vpid12


def flush_for_a_new_vpid12(t: Transition, has_tag: bool, request: str, function: str, source: str) -> TransitionFlush:
    """Where vmcs12 has a VPID, until v5.15: `request` for an L2 without a tag of its own, else vpid02 at once for a new vpid12."""
    question = "flush at the nested transition?"
    if not has_tag:
        return TransitionFlush(MAKE_REQUEST, request, "has L2 a TLB tag of its own?", f"vpid02 {t.vpid02}", function, source)
    if t.entry and t.vpid12 != t.last_vpid:
        return TransitionFlush(SYNC_VPID02, "", question, f"vpid12 {t.vpid12} != last_vpid {t.last_vpid}", function, source,
                               remember_vpid12=True)
    values = f"last_vpid {t.last_vpid} == vpid12 {t.vpid12}" if t.entry else "vmcs12 enables VPID"
    return TransitionFlush(NO_FLUSH, "", question, values, function, source)


class NestedQuestions(FlushQuestions):
    """Mainline's answers, v6.12."""

    def caches_vmcs12(self) -> bool:
        """Is the current vmcs12 a copy in host memory, written back when it is released?"""
        return True

    def has_vpid02(self) -> bool:
        """Has a vCPU a second VPID, for its L2s? (5c614b3583e7)"""
        return True

    def vpid02_lives_from_vmxon(self) -> bool:
        """Is vpid02 allocated at VMXON and freed at VMXOFF (else at the creation of the vCPU)?"""
        return True

    def offers_ept_to_l1(self) -> bool:
        """Can L1 set "enable EPT" in vmcs12 and execute INVEPT, where L0 has EPT itself? (afa61f752ba6)"""
        return True

    def checks_the_vmxon_pointer(self) -> bool:
        """Does VMXON look at the region that it names, and do VMCLEAR and VMPTRLD refuse it? (3573e22cfeca)"""
        return True

    def refuses_a_second_vmxon(self) -> bool:
        """Is VMXON in VMX operation VMfail 15? (145c28dd19b4)"""
        return True

    def skips_vmlaunch_before_entering(self) -> bool:
        """Is RIP of L1 moved over VMLAUNCH and VMRESUME before L2 is entered? Else only where they fail. (b428018a06b7)"""
        return False

    def vmclear_frees_vmcs02(self) -> bool:
        """Is there a vmcs02 for each of the last vmcs12s, in a pool of one, which VMCLEAR empties? (de3a0021a606)"""
        return False

    def offers_true_controls_to_l1(self) -> bool:
        """Has L1 the TRUE capability MSRs (VMX_BASIC bit 55)? (3dbcd8da7b56)"""
        return True

    def controls_required_of_l1(self) -> RequiredControls:
        """Bits that must be 1 in vmcs12's controls (nested_vmx_setup_ctls_msrs())."""
        return RequiredControls(pin=0x16, cpu=0x0400_6172, exit=0x3_6DFB, entry=0x11FB)

    def offers_no_error_code_check_to_l1(self) -> bool:
        """Has L1 bit 56 of VMX_BASIC? Up to v6.12 never (nested_vmx_setup_basic())."""
        return False

    def offers_ept_uc_to_l1(self) -> bool:
        """May vmcs12's EPTP have the memory type UC? nested_vmx_setup_secondary_ctls() lists VMX_EPTP_WB_BIT alone."""
        return False

    def offers_execute_only_ept_to_l1(self) -> bool:
        """May entries of EPT12 be execute-only, where the processor has that? (02120c45b0b9)"""
        return True

    def offers_mode_based_execute_to_l1(self) -> bool:
        """May vmcs12 set "mode-based execute control for EPT"? Up to v6.12 never."""
        return False

    def offers_pml_to_l1(self) -> bool:
        """May vmcs12 set "enable PML", where it may have EPT's A/D flags? (c5f983f6e845)"""
        return True

    def offers_x2apic_mode_to_l1(self) -> bool:
        """May vmcs12 set "virtualize x2APIC mode"? (f2b93280edf5)"""
        return True

    def offers_apic_registers_to_l1(self) -> bool:
        """May vmcs12 set "APIC-register virtualization"? (82f0dd4b27b9)"""
        return True

    def offers_posted_interrupts_to_l1(self) -> bool:
        """May vmcs12 set "process posted interrupts"? (705699a13994)"""
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

    def skips_an_illegal_invalidation(self) -> bool:
        """Is RIP moved on after an INVEPT/INVVPID of an unsupported type? Else L1 repeats it for ever (I-4)."""
        return True

    def checks_invvpid_operand(self) -> bool:
        """Is the INVVPID descriptor read and checked? Else 4 bytes are read and their value is ignored (E.4)."""
        return True

    def invvpid_looks_at_vmcs12(self) -> bool:
        """Does all-context INVVPID fail where the current vmcs12 has VPID 0? (ef697a712a61, I-29)"""
        return False

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
        if not self.has_l2_a_tlb_tag(t):
            return TransitionFlush(MAKE_REQUEST, self.current_flush_request(), "has L2 a TLB tag of its own?",
                                   "enable_ept=0 and no vpid02", function, source)
        values = f"last_vpid {t.last_vpid} == vpid12 {t.vpid12}" if t.entry else "vmcs12 enables VPID"
        tag = "enable_ept=1: L2 has its own EPTP" if t.enable_ept else f"vpid02 {t.vpid02}"
        return TransitionFlush(NO_FLUSH, "", "flush at the nested transition?", f"{values}; {tag}", function, source)

    def flushes_served_at_transitions(self) -> tuple[str, ...]:
        """Requests serviced for the old context before a nested entry or exit switches (E.2, E.3)."""
        return ("TLB_FLUSH_CURRENT", "TLB_FLUSH_GUEST")

    def has_l2_a_tlb_tag(self, t: Transition) -> bool:
        """nested_has_guest_tlb_tag(): does the processor tell L2's translations from L1's?"""
        return t.enable_ept or bool(t.has_vpid12 and t.vpid02)

    def invept_effect(self, single_context: bool) -> str:
        """What INVEPT of L1 does: FREE_MATCHING_ROOTS, FREE_ALL_ROOTS, NO_EFFECT or SYNC_AND_FLUSH (kvm.md E.5)."""
        return FREE_MATCHING_ROOTS if single_context else FREE_ALL_ROOTS

    def checks_the_eptp_of_invept(self) -> bool:
        """Is single-context INVEPT of an invalid EPTP VMfail 28? (eed0030e4caa)"""
        return True

    def invvpid_flushes_one_address(self) -> bool:
        """Does individual-address INVVPID of L1 flush that address only, instead of all of vpid02? (cd9a491f6e61)"""
        return True

    def invvpid_flushes_only_vpid(self) -> bool:
        """Is vpid02 flushed by INVVPID even with EPT, where the hook would take INVEPT? (327c072187f7)"""
        return True

    def invvpid_uses_vpid01_without_vpid02(self) -> bool:
        """Is vpid01 flushed for INVVPID of L1 when there is no vpid02? (3d5bdae8b164)"""
        return True

    def invvpid_frees_roots(self) -> str:
        """Without EPT, what INVVPID of L1 does to shadow roots: FREE_GUEST_MODE_ROOTS, FREE_EVERY_ROOT or NO_EFFECT (E.4)."""
        return FREE_GUEST_MODE_ROOTS

    def checks_cr3_target_count(self) -> bool:
        """Is a vmcs12 with CR3-target values refused, as L1 is offered none? (c7c2c709b60e)"""
        return True

    def writes_cr3_of_l2_at_once(self) -> bool:
        """Has vmcs02 L2's CR3 from prepare_vmcs02() on, not only once its root is loaded? (04f11ef45810)"""
        return True
