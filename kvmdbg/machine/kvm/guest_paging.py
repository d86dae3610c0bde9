"""The paging mode of the running guest."""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw.controls import CR4_LA57
from kvmdbg.machine.hw.paging import PAE, Paging, paging_mode
from kvmdbg.machine.kvm.state import Kvm, Vcpu

LINEAR_BITS_48: Final = 48


def guest_paging(kvm: Kvm, vcpu: Vcpu) -> Paging:
    """The mode that the guest thinks it is in; the bits that choose it trap, so the vCPU's copies are right."""
    return paging_mode(vcpu.cr0, vcpu.cr4, vcpu.efer, kvm.hw.caps)


def linear_bits(kvm: Kvm, vcpu: Vcpu) -> int:
    """Bits of the linear addresses that operands of INVVPID and INVPCID, MSRs and fields of vmcs12 may hold.

    The widest that the guest's processor offers; until 9245fd6b8531 as many as the guest uses: those of its CR4.LA57.
    """
    if not kvm.era.knows_la57():
        return LINEAR_BITS_48
    return kvm.hw.caps.linear_bits if kvm.era.allows_addresses_of_the_widest_paging() or vcpu.cr4 & CR4_LA57 else LINEAR_BITS_48


def is_pae_paging(kvm: Kvm, vcpu: Vcpu) -> bool:
    """x86.h: is_pae_paging()."""
    return guest_paging(kvm, vcpu).mode == PAE
