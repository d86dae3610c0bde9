"""What KVM does to the SPTEs of one frame."""

from __future__ import annotations

from kvm_support import L1_PAGE, Machine
from kvmdbg.machine.hw import ept
from kvmdbg.machine.kvm.mmu_notifier import (
    SAVED_RIGHTS,
    kvm_unmap_gfn_range,
    mark_spte_for_access_track,
    page_of_spte,
    sptes_of,
)

GFN = L1_PAGE >> 12


def test_the_rights_move_aside_once() -> None:
    tracked = mark_spte_for_access_track(0x5000 | ept.READ | ept.WRITE)
    assert tracked & ept.RIGHTS == 0 and tracked & SAVED_RIGHTS == (ept.READ | ept.WRITE) << 54
    assert mark_spte_for_access_track(tracked) == tracked


def test_the_sptes_of_a_frame() -> None:
    m = Machine().given_vmx()
    m.run(f"load {L1_PAGE:#x}")
    (address, spte), = sptes_of(m.kvm, GFN)
    assert spte & ept.ADDRESS == m.kvm.pages[GFN]
    assert page_of_spte(m.kvm, address).level == 1
    assert kvm_unmap_gfn_range(m.kvm, GFN) == 1
    assert sptes_of(m.kvm, GFN) == () and kvm_unmap_gfn_range(m.kvm, GFN) == 0
