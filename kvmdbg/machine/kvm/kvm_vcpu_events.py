"""KVM_GET_VCPU_EVENTS and KVM_SET_VCPU_EVENTS: what waits for a vCPU, as user space saves and restores it (x86.c).

Injected events are on their way into the guest, past all interception; a pending exception may still become an exit of L2.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from kvmdbg.machine.hw.controls import (
    BLOCKING_MOV_SS,
    BLOCKING_NMI,
    BLOCKING_STI,
    INTR_INFO_VALID,
    INTR_TYPE_EXTERNAL,
    INTR_TYPE_SOFT_INTR,
)
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm.errno import EINVAL, OK
from kvmdbg.machine.kvm.interrupts import process_nmi
from kvmdbg.machine.kvm.kvm_host import kvm_check_request, kvm_clear_request, kvm_make_request, kvm_test_request
from kvmdbg.machine.kvm.nested_state import vmx_leave_nested
from kvmdbg.machine.kvm.smm import kvm_smm_changed, process_smi
from kvmdbg.machine.kvm.state import Kvm, Vcpu, level_of
from kvmdbg.machine.kvm.vcpu_events import NOT_INJECTED, Injected, PendingException, injected_exception
from kvmdbg.machine.kvm.vmx import SOFT_EXCEPTIONS, exception_info
from kvmdbg.machine.kvm.vmx_events import NMI_INFO, vmx_set_nmi_mask
from kvmdbg.machine.kvm.vmx_ops import read, write

SHADOW: Final = BLOCKING_STI | BLOCKING_MOV_SS
RUN: Final = "kvm_arch_vcpu_ioctl_run"


class KvmVcpuEvents(NamedTuple):
    """struct kvm_vcpu_events."""

    pending: PendingException | None      # exception.pending
    injected: PendingException | None     # exception.injected
    interrupt: int                        # interrupt.nr of an injected interrupt; -1: none
    shadow: int                           # interrupt.shadow: bit 0 STI, bit 1 MOV SS, as in the VMCS
    nmi_injected: bool
    nmi_pending: int
    nmi_masked: bool
    smm: bool
    smi_pending: bool
    triple_fault: bool                    # triple_fault.pending


def kvm_vcpu_ioctl_x86_get_vcpu_events(kvm: Kvm, vcpu: Vcpu) -> KvmVcpuEvents:
    """KVM_GET_VCPU_EVENTS: NMIs and SMIs that were only sent become pending first."""
    process_nmi(kvm, vcpu)
    if kvm_check_request(kvm, vcpu, "SMI"):
        process_smi(kvm, vcpu)
    return told(kvm, vcpu)


def told(kvm: Kvm, vcpu: Vcpu) -> KvmVcpuEvents:
    """Of two exceptions the one that is injected is told; software's own will come again by itself.

    Without the payload of exceptions (before 59073aaf6de0) a pending exception is told as an injected one.
    """
    events = kvm.events(vcpu)
    injected = queued(events.injected)
    pending = None if injected else vcpu.exception or events.exception_vmexit
    if pending is not None and not kvm.era.has_exception_payload():
        pending, injected = None, pending
    kind = events.injected.info >> 8 & 7
    external = events.injected.info & INTR_INFO_VALID and kind in (INTR_TYPE_EXTERNAL, INTR_TYPE_SOFT_INTR)
    blocking = read(kvm, vcpu, F.GUEST_INTERRUPTIBILITY_INFO)
    return KvmVcpuEvents(pending, injected, events.injected.info & 0xFF if external else -1, blocking & SHADOW,
                         events.injected.info == NMI_INFO, events.nmi_pending, bool(blocking & BLOCKING_NMI), vcpu.smm,
                         vcpu.smi_pending,
                         kvm.era.has_triple_fault_event() and kvm_test_request(kvm, vcpu, "TRIPLE_FAULT"))


def queued(injected: Injected) -> PendingException | None:
    """The exception that is on its way, unless it is software's (kvm_exception_is_soft())."""
    vector = injected_exception(injected)
    if not vector or vector in SOFT_EXCEPTIONS:
        return None
    return PendingException(vector, injected.error_code, 0, bool(injected.info >> 11 & 1))


def kvm_vcpu_ioctl_x86_set_vcpu_events(kvm: Kvm, vcpu: Vcpu, new: KvmVcpuEvents) -> str:
    """KVM_SET_VCPU_EVENTS: OK, or EINVAL for what this kernel cannot be told.  The vCPU is out of KVM_RUN."""
    if new.pending is not None and not kvm.era.has_exception_payload():
        return EINVAL
    if new.triple_fault and not kvm.era.has_triple_fault_event():
        return EINVAL
    events = kvm.events(vcpu)
    process_nmi(kvm, vcpu)
    events.exception_from_userspace = new.pending is not None
    events.exception_vmexit = None
    vcpu.exception = new.pending
    events.injected = on_its_way(new)
    blocking = read(kvm, vcpu, F.GUEST_INTERRUPTIBILITY_INFO)
    write(kvm, vcpu, F.GUEST_INTERRUPTIBILITY_INFO, blocking & ~SHADOW | new.shadow)
    events.nmi_pending = 0
    events.nmi_queued = new.nmi_pending
    if new.nmi_pending and "NMI" in kvm.era.request_bits():
        kvm_make_request(kvm, vcpu, "NMI", "kvm_vcpu_ioctl_x86_set_vcpu_events")
    elif new.nmi_pending:
        events.nmi_pending, events.nmi_queued = new.nmi_pending, 0
    vmx_set_nmi_mask(kvm, vcpu, new.nmi_masked)
    if vcpu.smm != new.smm:
        level = level_of(vcpu)
        vmx_leave_nested(kvm, vcpu)
        kvm_smm_changed(kvm, vcpu, new.smm, level)
    vcpu.smi_pending = new.smi_pending
    if new.triple_fault:
        kvm_make_request(kvm, vcpu, "TRIPLE_FAULT", "kvm_vcpu_ioctl_x86_set_vcpu_events")
    else:
        kvm_clear_request(kvm, vcpu, "TRIPLE_FAULT", "kvm_vcpu_ioctl_x86_set_vcpu_events")
    kvm_make_request(kvm, vcpu, "EVENT", "kvm_vcpu_ioctl_x86_set_vcpu_events")
    if vcpu.todo[:1] != (RUN,):
        vcpu.todo = (RUN, *vcpu.todo)
    return OK


def on_its_way(new: KvmVcpuEvents) -> Injected:
    """Of what user space says is injected the first that would be injected again."""
    if new.injected is not None:
        return Injected(exception_info(new.injected), new.injected.error_code, 0)
    if new.nmi_injected:
        return Injected(NMI_INFO, 0, 0)
    return Injected(INTR_INFO_VALID | INTR_TYPE_EXTERNAL << 8 | new.interrupt, 0, 0) if new.interrupt >= 0 else NOT_INJECTED
