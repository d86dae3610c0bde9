"""What KVM did and decided: typed events. `vcpu` is the index in kvm->vcpus."""

from __future__ import annotations

from typing import NamedTuple


class RequestMade(NamedTuple):
    """kvm_make_request(): the bit was set, or was set already."""

    vcpu: int
    name: str         # without the KVM_REQ_ prefix
    by: str           # the kernel function that asked


class RequestLeftOut(NamedTuple):
    """What if: kvm_make_request() set no bit, because Hardware.left_out names this position."""

    vcpu: int
    name: str
    by: str           # the kernel function that asked


class RequestServiced(NamedTuple):
    """kvm_check_request() found the bit set and cleared it; what serves it follows."""

    vcpu: int
    name: str


class RequestCleared(NamedTuple):
    """kvm_clear_request(): dropped unserved, because something stronger has been done."""

    vcpu: int
    name: str
    by: str


class Kicked(NamedTuple):
    """KVM sends an IPI to the processor of a vCPU, so that it leaves the guest; the processor's own event Raised follows."""

    vcpu: int
    cpu: int
    by: str           # "kvm_make_all_cpus_request" or "kvm_vcpu_kick"
    waits: bool       # the sender waits until the processor has answered


class WokenUp(NamedTuple):
    """kvm_vcpu_wake_up() found the vCPU's thread asleep; the thread looks for itself whether it may run."""

    vcpu: int


class FlushAsked(NamedTuple):
    """KVM is about to flush by this function; the INVVPIDs and INVEPTs that follow are its doing (perhaps none)."""

    vcpu: int
    by: str           # "KVM_REQ_TLB_FLUSH", "root load", "nested entry", "nested exit", "INVVPID emulation", "vcpu reset"
    hook: str         # the kernel function, "vmx_flush_tlb_current"
    scope: str        # what it means to flush, in words: "vpid 2", "EPTP 1e", "all contexts"


class Decided(NamedTuple):
    """KVM decided for or against a flush, a request, an entry or an exit (PRODUCT.md, "Decisions are events too")."""

    vcpu: int         # -1: a thread of the host that is no vCPU's
    function: str     # kernel function that decided
    question: str     # "flush vpid02?"
    answer: str       # "yes", "no", or the thing chosen
    values: str       # "last_vpid 1 == vpid12 1"
    source: str       # "nested.c: nested_vmx_transition_tlb_flush(), v6.12" or a commit


class ModeChanged(NamedTuple):
    """vcpu->mode changed (OUTSIDE_GUEST_MODE, IN_GUEST_MODE, ...)."""

    vcpu: int
    mode: str


class ExitHandled(NamedTuple):
    """vmx_handle_exit() starts: KVM looks at a VM exit of L1 or L2."""

    vcpu: int
    level: int        # 1 or 2: who exited
    reason: int
    qualification: int


class NestedEntered(NamedTuple):
    """L2 is the vCPU's guest from now on (enter_guest_mode())."""

    vcpu: int
    vmptr: int        # L1's VMCS pointer, an L1 guest-physical address
    vpid12: int       # 0 when vmcs12 does not enable VPID


class NestedExited(NamedTuple):
    """An exit was reflected to L1 (leave_guest_mode())."""

    vcpu: int
    reason: int       # 32 bits as L1 reads them
    qualification: int


class NestedEntryFailed(NamedTuple):
    """VMLAUNCH or VMRESUME found L2's guest state bad: L1 sees an exit with bit 31, but L2 has never been the guest.

    Source: nested.c: nested_vmx_enter_non_root_mode(), vmentry_fail_vmexit; vmx.c: nested_vmx_entry_failure() before v4.20.
    """

    vcpu: int
    reason: int       # 32 bits as L1 reads them
    qualification: int


class NestedLeft(NamedTuple):
    """L2 was left with no exit that L1 could read: for an SMI, or because user space ended it (nested_vmx_vmexit(), reason -1)."""

    vcpu: int


class NestedFailed(NamedTuple):
    """A VMX instruction of L1 ended in VMfail (nested_vmx_fail())."""

    vcpu: int
    instruction: str
    error: int        # VM-instruction error; 0 for VMfailInvalid


class NestedSucceeded(NamedTuple):
    """A VMX instruction of L1 ended in VMsucceed (nested_vmx_succeed())."""

    vcpu: int
    instruction: str


class GuestInvalidated(NamedTuple):
    """Software of a level has invalidated cached translations, by an instruction that KVM emulated or by asking KVM to do it."""

    vcpu: int
    level: int        # whose: 1: L1 asked for it
    by: str           # "invvpid", "invept", "pv flush", L2's "vmfunc", an "smi" or "rsm" of either level, L1's "init" or "reset"
    type: str         # as in hw Invalidated: "individual-address", "single-context", "all-context", ...
    vpid: int         # VPID that it named; -1 where it names none, or KVM did not look
    pcid: int         # -1: INVVPID and INVEPT cover all
    ep4ta: int        # bits 51:12 of the EPT pointer that it named; -1 where it names none
    address: int      # linear address that it named; -1 where it names none


class ExceptionInjected(NamedTuple):
    """KVM gives its guest an exception (kvm_queue_exception()); it is delivered with the next VM entry."""

    vcpu: int
    vector: str       # "#UD", "#GP", "#PF"
    error_code: int
    address: int


class EventInjected(NamedTuple):
    """KVM has put an event into the VM-entry fields (trace events kvm_inj_virq, kvm_inj_exception)."""

    vcpu: int
    vector: int
    type: int         # interruption type: 0 external interrupt, 2 NMI, 3 hardware exception, 4 and 6 software
    again: bool       # it was on its way already, and the entry was cancelled


class InjectionTakenBack(NamedTuple):
    """An entry was cancelled, and what it would have injected is KVM's again (__vmx_complete_interrupts())."""

    vcpu: int
    vector: int
    type: int


class EntryCancelled(NamedTuple):
    """vcpu_enter_guest() turned back right before VM entry (cancel_injection)."""

    vcpu: int
    requests: int     # what was asked for in the meantime
    immediate_exit: bool      # the entry was to exit at once


class ImmediateExitRequested(NamedTuple):
    """The entry that is about to happen must exit at once: L2 is entered only so that its VMLAUNCH has happened."""

    vcpu: int
    by: str           # "self-IPI" or "preemption timer"


class InterruptQueued(NamedTuple):
    """A vCPU's local APIC or NMI line was raised (kvm_apic_set_irq(), kvm_inject_nmi())."""

    vcpu: int
    vector: int       # 16..255; 2 for an NMI


class RootAllocated(NamedTuple):
    """An MMU without a root has got one, in a new page or in one that was found again (mmu_alloc_roots())."""

    vcpu: int
    mmu: str          # "root_mmu" or "guest_mmu"
    hpa: int
    pgd: int          # what it shadows: EPTP12; for EPT01 the guest CR3 is of no account
    found: bool       # the page was there, with all that is below it, from an earlier root of the same role and frame


class RootReused(NamedTuple):
    """fast_pgd_switch() found a cached root."""

    vcpu: int
    mmu: str
    hpa: int
    pgd: int


class RootFreed(NamedTuple):
    """A root was let go (kvm_mmu_free_roots())."""

    vcpu: int
    mmu: str
    hpa: int
    pgd: int


class VmcsCleared(NamedTuple):
    """VMCLEAR on the processor that had the VMCS loaded, because another one is about to load it (loaded_vmcs_clear())."""

    vcpu: int
    vmcs: str         # "vmcs01" or "vmcs02"
    cpu: int


class PageTablesZapped(NamedTuple):
    """Every page table of the VM is emptied (kvm_mmu_zap_all_fast()); the writes follow."""

    pages: int


class ScheduledOut(NamedTuple):
    """The scheduler has taken the vCPU's thread from its processor (kvm_sched_out())."""

    vcpu: int
    cpu: int


class StealTimeRecorded(NamedTuple):
    """record_steal_time() has looked at the preempted byte; the tracepoint kvm_pv_tlb_flush says the same."""

    vcpu: int
    need_flush: bool  # KVM_VCPU_FLUSH_TLB was set: another vCPU of L1 has left its flush to the host


class VpidAllocated(NamedTuple):
    """allocate_vpid(): 0 means that none was left."""

    vcpu: int
    vpid: int


class VpidFreed(NamedTuple):
    """free_vpid()."""

    vcpu: int
    vpid: int


class GuestWrote(NamedTuple):
    """Software of a level changed memory by a debugger word (`pte`, `map`, `poke`): the edit as that level made it."""

    level: str        # "L1", "L2" or "ept12"
    gpa: int          # L1 guest-physical address of the changed 64 bits
    old: int
    new: int


class Stuck(NamedTuple):
    """The guest makes no progress: the same instruction exits again and again with nothing changed."""

    vcpu: int
    instruction: str


class Ioctl(NamedTuple):
    """An ioctl of user space returned."""

    vcpu: int
    name: str         # "KVM_SET_NESTED_STATE"
    result: str       # "ok", or the error: "EINVAL"


class DirtyLogRead(NamedTuple):
    """User space has read the dirty log of a memory slot."""

    slot: int         # first frame number
    gfns: tuple[int, ...]     # those that were dirty


class PortAccessed(NamedTuple):
    """KVM_RUN returned with KVM_EXIT_IO, and user space has answered."""

    vcpu: int
    direction: str    # "in" or "out"
    port: int         # 16 bits
    size: int         # bytes: 1, 2 or 4
    value: int        # what the guest reads, or has written


class VcpuReset(NamedTuple):
    """A vCPU begins anew, in real mode at the reset vector."""

    vcpu: int
    by: str           # "INIT", "user space", or "a new VM", in which user space restores it


class SmmChanged(NamedTuple):
    """The guest enters or leaves system-management mode (kvm_smm_changed())."""

    vcpu: int
    entering: bool
    level: int        # who was interrupted, or goes on: 1 or 2
