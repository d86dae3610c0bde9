"""KVM's state: what there is, and that all of it lies on the tape."""

from __future__ import annotations

from kvm_support import V6_12, Machine
from kvmdbg.machine.kvm.state import GUEST_MMU, NO_ROOT, ROOT_MMU, MmuRole, Root, ShadowKey, level_of


def test_every_owner_of_state_is_on_one_tape() -> None:
    m = Machine()
    owners = set(m.kvm.tape.owners)
    assert {"cpu0", "tlb0", "vcpu0", "vcpu0.root_mmu", "vcpu0.guest_mmu", "memory", "vmcs", "stats", "cached_vmcs12", "rmap",
            "shadow pages", "guest pages", "gfn of frame", "vmx_vpid_bitmap"} <= owners


def test_the_active_mmu_follows_the_level() -> None:
    m = Machine(V6_12).start()
    assert (m.vcpu.mmu, m.kvm.mmu(m.vcpu)) == (GUEST_MMU, m.guest_mmu)
    m.run("vmcall")
    assert (m.vcpu.mmu, m.kvm.mmu(m.vcpu)) == (ROOT_MMU, m.root_mmu)


def test_level_of() -> None:
    m = Machine().start()
    assert level_of(m.vcpu) == 2
    m.run("vmcall")
    assert level_of(m.vcpu) == 1


def test_regions_lie_below_the_frames_that_are_handed_out() -> None:
    m = Machine().start()
    assert m.kvm.vmcs01(m.vcpu) < min(m.kvm.hw.frames)


def test_a_statistic_counts_from_0() -> None:
    m = Machine()
    m.kvm.count(0, "exits")
    m.kvm.count(-1, "remote_tlb_flush", 3)
    assert list(m.kvm.stats.items()) == [((-1, "remote_tlb_flush"), 3), ((0, "exits"), 1)]


def test_a_root_without_a_page_is_no_root() -> None:
    assert Root(0, 2**64 - 1, MmuRole("direct", False, False)) == NO_ROOT


def test_a_shadow_page_leaves_all_rights_unless_told() -> None:
    assert ShadowKey(MmuRole("ept", True, False), False, 4, 0x10).access == 0b111
