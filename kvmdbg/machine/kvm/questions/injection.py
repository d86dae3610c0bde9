"""Events: when they reach a guest, and what becomes of L1's while L2 must be entered first (x86.c, vmx.c; kvm.md B, E.8, E.9)."""

from __future__ import annotations

from typing import Final

WAIT: Final = "wait"                      # what becomes of an interrupt for L1 while L2 must be entered first
MAKE_REQUEST: Final = "make KVM_REQ_IMMEDIATE_EXIT"
SET_FLAG: Final = "set req_immediate_exit"


class InjectionQuestions:
    """Mainline's answers, v6.12."""

    def interrupt_behind_a_pending_run(self) -> str:
        """What enable_irq_window() does while L2 must be entered before it exits for L1: WAIT, MAKE_REQUEST or SET_FLAG."""
        return SET_FLAG

    def checks_nested_events(self) -> bool:
        """Is there a check of its own for events that make L2 exit? Else interrupt_allowed() makes the exit (b6b8a1451fc4)."""
        return True

    def running_checks_nested_events(self) -> bool:
        """Does each round begin with a check of nested events, before any request is served? (0ad3bed6c5ec, until 26844fee6ade)"""
        return False

    def nmis_make_l2_exit(self) -> bool:
        """Does an NMI for L1 make L2 exit? Else it counts as injected and is lost (ea8ceb8354e2)."""
        return True

    def exceptions_wait_for_the_nested_run(self) -> bool:
        """Is an exception of L2 that L1 intercepts one of the nested events? Else it exits as it is injected (bfcf83b1444d)."""
        return True

    def morphs_exceptions_when_queued(self) -> bool:
        """Is an exception of L2 that L1 intercepts an exit from the moment when it is queued? Else when it is looked at, and
        one behind another may have become #DF before (7709aba8f716)."""
        return True

    def exceptions_of_l2_come_first(self) -> bool:
        """Does an exception that L2 gets itself keep other nested events waiting? (c9d40913ac5a and its month)"""
        return True

    def triple_faults_of_l2_are_l1s(self) -> bool:
        """Is a triple fault of L2 that KVM finds an exit to L1? Else it ends the VM (cb6a32c2b877)."""
        return True

    def shuts_down_an_l2_in_invalid_state(self) -> bool:
        """Is an L2 whose segments no VM entry takes a triple fault? Else its code is emulated (cd0e615c49e5)."""
        return True

    def triple_faults_are_nested_events(self) -> bool:
        """Is it looked at before every other nested event? (7055fb113116)"""
        return True

    def has_triple_fault_event(self) -> bool:
        """Can user space save and restore a pending triple fault: KVM_CAP_X86_TRIPLE_FAULT_EVENT? (ed2351174e38)"""
        return True

    def has_exception_payload(self) -> bool:
        """Does user space tell pending exceptions from injected ones: KVM_CAP_EXCEPTION_PAYLOAD? (59073aaf6de0 and its series)"""
        return True

    def defers_exception_payloads(self) -> bool:
        """Does KVM touch DR6 only when a #DB of its own is injected? Else when it is queued, and an exit to L1 reports what DR6
        says then, with bits from before (da998b46d244 and its series)."""
        return True

    def traps_after_skipped_instructions(self) -> bool:
        """Does RFLAGS.TF make a #DB after an instruction that KVM has done for the guest? (6affcbedcac7)"""
        return True

    def has_immediate_exit(self) -> bool:
        """Can KVM_RUN be told to return before it enters the guest: kvm_run->immediate_exit? (460df4c1fc7c)"""
        return True

    def error_code_for_vmcs(self, error_code: int) -> int:
        """What of a 32-bit error code goes into a VMCS (eba9799b5a6e)."""
        return error_code & 0xFFFF

    def double_faults_hide_the_delivery(self) -> bool:
        """Has vmcs12 no IDT-vectoring information when L2 exits for #DF or a triple fault? (9bd1f0efa859)"""
        return True

    def windows_wake_a_halted_l2(self) -> bool:
        """Does an NMI window, or an open interrupt window, of vmcs12 keep an L2 awake that L1 enters in the HLT state?"""
        return True

    def recovers_injection_into_l2(self) -> bool:
        """Does a cancelled entry of L2 take back what it would have injected? Else vmcs02 keeps it (5f3d5799974b)."""
        return True

    def reinjection_ends_the_round(self) -> bool:
        """Is nothing else looked at when an event is injected again? (1a680e355c94)"""
        return False

    def second_event_is_urgent(self) -> bool:
        """Does an event that finds another in its way make the entry exit at once, for its own sake? (c9d40913ac5a)"""
        return True

    def remakes_event_with_an_immediate_exit(self) -> bool:
        """Is KVM_REQ_EVENT made with an immediate exit? Else the exit after a pending run makes it (c43203cab1e2)."""
        return True

    def remakes_event_when_cancelled(self) -> bool:
        """Is KVM_REQ_EVENT made when an entry with an immediate exit is cancelled? (8081ad06b68a, I-31)"""
        return True

    def immediate_exit_by_timer(self, preemption_timer: bool) -> bool:
        """Is an immediate exit made by the VMX-preemption timer at 0? Else by an IPI to oneself (d264ee0c2ed2)."""
        return preemption_timer

    def timer_exit_is_a_fastpath(self) -> bool:
        """Is the exit of a timer at 0 done with before handle_exit()? (0ec3d6d1f169 and its series)"""
        return True

    def evaluates_events_at_nested_entry(self) -> bool:
        """Is KVM_REQ_EVENT made at a nested entry when L1 was waiting for a window? (b5861e5cf2fc)"""
        return True

    def emulates_preemption_timer(self) -> bool:
        """Is vmcs12's preemption timer a timer of KVM? Else L1 is offered none (f4124500c2c1)."""
        return True

    def offers_virtual_interrupts_to_l1(self) -> bool:
        """May vmcs12 use virtual-interrupt delivery, if the processor can? (608406e290cf)"""
        return True

    def virtual_interrupts_wake(self) -> bool:
        """Does a requested virtual interrupt wake a halted L2? (e6c67d8cf117)"""
        return True

    def nested_events_include_posted_interrupts(self) -> bool:
        """Does a posted interrupt wake a halted L2? (27c4fa42b11a)"""
        return True

    def drops_posted_interrupts_without_a_descriptor(self) -> bool:
        """Has vmcs02 no "process posted interrupts" where L1's descriptor is no memory? (966eefb89657)"""
        return True

    def nested_events_include_virtual_interrupts(self) -> bool:
        """Is it vmx_has_nested_events() that sees a virtual interrupt, with L2's IF? (321ef62b0c5f)"""
        return True

    def immediate_exit_for_any_nested_event(self) -> bool:
        """Does every nested event make an entry exit at once, also one that the processor delivers? (32f55e475ce2, I-27)"""
        return False

    def emulates_mtf(self) -> bool:
        """Does an instruction of L2 that L0 emulates end in vmcs12's monitor trap? (5ef8acbdd687)"""
        return True

    def acknowledges_interrupts_for_l1(self) -> bool:
        """Is "acknowledge interrupt on exit" of vmcs12 honoured? (77b0f5d67ff2)"""
        return True

    def acknowledges_interrupts_on_exit(self) -> bool:
        """Does KVM itself run with "acknowledge interrupt on exit"? (a547c6db4d2f)"""
        return True
