"""VPID numbers: one bitmap for the whole host (vmx.c: allocate_vpid(), free_vpid(); kvm.md F)."""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.kvm.events import VpidAllocated, VpidFreed
from kvmdbg.machine.kvm.state import Kvm, Vcpu

VMX_NR_VPIDS: Final = 1 << 16
ANOTHER_VM: Final = "another VM"


def allocate_vpid(kvm: Kvm, vcpu: Vcpu, purpose: str) -> int:
    """The lowest number that is free, 1..0xffff; 0 without VPIDs or when none is left (Config.vpids).  Nothing is flushed here."""
    if not kvm.config.enable_vpid:
        return 0
    vpid = next((number for number in range(1, kvm.config.vpids + 1) if number not in kvm.vpid_bitmap), 0)
    if vpid:
        kvm.vpid_bitmap[vpid] = f"vcpu{vcpu.id} {purpose}"
    kvm.emit(VpidAllocated, vcpu.id, vpid)
    return vpid


def free_vpid(kvm: Kvm, vcpu: Vcpu, vpid: int) -> None:
    """Give a number back; nothing is flushed, the next owner must see to that (I-33).

    Before v4.18 a vCPU gives vpid02 back at each VMXOFF, whoever owns the number by then (I-28).
    """
    if kvm.config.enable_vpid and vpid:
        kvm.emit(VpidFreed, vcpu.id, vpid)
        if vpid in kvm.vpid_bitmap:
            del kvm.vpid_bitmap[vpid]


# -- other VMs -----------------------------------------------------------------------------------------------------


def take_vpid(kvm: Kvm, vpid: int) -> None:
    """A vCPU of another VM has this free number from now on."""
    kvm.vpid_bitmap[vpid] = ANOTHER_VM


def take_all(kvm: Kvm) -> None:
    """The vCPUs of other VMs have every number that was free."""
    for vpid in range(1, VMX_NR_VPIDS):
        if vpid not in kvm.vpid_bitmap:
            take_vpid(kvm, vpid)


def give_back(kvm: Kvm, vpid: int) -> None:
    """A vCPU of another VM is destroyed: its number is free, and what it had cached under it may still be."""
    del kvm.vpid_bitmap[vpid]
