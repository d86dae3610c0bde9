"""vcpu->requests: making, testing, checking and clearing KVM_REQ_* bits (kvm_host.h, kvm_main.c; kvm.md A.3)."""

from __future__ import annotations

from kvmdbg.machine.kvm.events import RequestCleared, RequestLeftOut, RequestMade, RequestServiced
from kvmdbg.machine.kvm.state import Kvm, Vcpu


def kvm_make_request(kvm: Kvm, vcpu: Vcpu, name: str, by: str) -> None:
    """Set the bit; no kick.  name: without KVM_REQ_; by: the kernel function that asks.  See Hardware.left_out."""
    if kvm.hw.left_out and kvm.tape.cursor in kvm.hw.left_out:
        kvm.emit(RequestLeftOut, vcpu.id, name, by)
        return
    kvm.emit(RequestMade, vcpu.id, name, by)
    vcpu.requests |= 1 << kvm.era.request_bits()[name]


def kvm_test_request(kvm: Kvm, vcpu: Vcpu, name: str) -> bool:
    """Is the bit set? False for a request that this kernel does not have."""
    bit = kvm.era.request_bits().get(name)
    return bit is not None and bool(vcpu.requests >> bit & 1)


def kvm_check_request(kvm: Kvm, vcpu: Vcpu, name: str) -> bool:
    """Test, and if set clear (with a full barrier)."""
    if not kvm_test_request(kvm, vcpu, name):
        return False
    kvm.emit(RequestServiced, vcpu.id, name)
    vcpu.requests &= ~(1 << kvm.era.request_bits()[name])
    return True


def kvm_clear_request(kvm: Kvm, vcpu: Vcpu, name: str, by: str) -> None:
    """Drop the bit, unserved."""
    if kvm_test_request(kvm, vcpu, name):
        kvm.emit(RequestCleared, vcpu.id, name, by)
        vcpu.requests &= ~(1 << kvm.era.request_bits()[name])


def kvm_flush_remote_tlbs(kvm: Kvm, by: str) -> None:
    """Ask every vCPU, the caller's own included, for a flush; it is served at the vCPU's next entry (kvm_main.c).

    With one vCPU nobody has to be kicked, so remote_tlb_flush does not count (kvm.md H).
    """
    if kvm.era.counts_remote_flush_requests():
        kvm.count(-1, "remote_tlb_flush_requests")
    for vcpu in kvm.vcpus:
        kvm_make_request(kvm, vcpu, "TLB_FLUSH", by)
