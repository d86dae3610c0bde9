"""The paging mode of the running guest."""

from __future__ import annotations

from kvmdbg.machine.hw.paging import PAE, Paging, paging_mode
from kvmdbg.machine.kvm.state import Kvm, Vcpu


def guest_paging(kvm: Kvm, vcpu: Vcpu) -> Paging:
    """The mode that the guest thinks it is in; the bits that choose it trap, so the vCPU's copies are right."""
    return paging_mode(vcpu.cr0, vcpu.cr4, vcpu.efer, kvm.hw.caps)


def is_pae_paging(kvm: Kvm, vcpu: Vcpu) -> bool:
    """x86.h: is_pae_paging()."""
    return guest_paging(kvm, vcpu).mode == PAE
