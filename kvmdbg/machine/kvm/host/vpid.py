"""host vpid: other VMs of the host take numbers from the bitmap that all VMs share, and give them back."""

from __future__ import annotations

from typing import Final

from kvmdbg.errors import UserError
from kvmdbg.machine.hw.operands import NUMBER, OperandType, number
from kvmdbg.machine.kvm.host_event import host_event
from kvmdbg.machine.kvm.state import Kvm, Vcpu
from kvmdbg.machine.kvm.vpid import ANOTHER_VM, give_back, take_all, take_vpid

TAKE: Final = "take"
GIVE: Final = "give"
ALL: Final = "all"
DEED: Final = OperandType("deed", f"{TAKE} or {GIVE}", lambda text: text.lower() if text.lower() in (TAKE, GIVE) else None,
                          (TAKE, GIVE))
WHICH: Final = OperandType("VPID", f"{NUMBER}, 1 to 0xffff, or {ALL}",
                           lambda text: ALL if text.lower() == ALL else number(text), (ALL,))


@host_event("vpid", operands=(DEED, WHICH), of_vm=True, source="vmx.c: allocate_vpid(), free_vpid(); kvm.md F, I-28, I-33")
def happen(kvm: Kvm, vcpu: Vcpu, deed: str, which: int | str) -> None:
    """A vCPU of another VM takes the VPID, or gives it back; all: every one that is free, or that another VM has."""
    if not kvm.config.enable_vpid:
        raise UserError("host vpid: enable_vpid=0, so nobody has a VPID", "Use `machine enable_vpid=1`.")
    if isinstance(which, int) and not 0 < which <= 0xFFFF:
        raise UserError(f"host vpid: {which:#x} is no VPID", "1 to 0xffff; VPID 0 is the host's own.")
    (take if deed == TAKE else give)(kvm, which)


def take(kvm: Kvm, which: int | str) -> None:
    """raises: UserError for a number that somebody has."""
    if isinstance(which, str):
        take_all(kvm)
        return
    if which in kvm.vpid_bitmap:
        raise UserError(f"host vpid: VPID {which} is in use: {kvm.vpid_bitmap[which]}", "`host vpid take all` takes the free ones.")
    take_vpid(kvm, which)


def give(kvm: Kvm, which: int | str) -> None:
    """raises: UserError for a number that no other VM has."""
    theirs = [vpid for vpid, owner in kvm.vpid_bitmap.items() if owner == ANOTHER_VM and which in (ALL, vpid)]
    if not theirs:
        raise UserError(f"host vpid: no other VM has {'a VPID' if which == ALL else f'VPID {which}'}",
                        "`host vpid take` makes one have it.")
    for vpid in theirs:
        give_back(kvm, vpid)
