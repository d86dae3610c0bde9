"""a91a7c709600: CR4.PGE no longer resets the MMU, it flushes the guest's view."""

from __future__ import annotations

from kvm_support import V6_12, Machine, made, of
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.kvm.events import RootAllocated

BEFORE = "v6.12 -a91a7c709600"


def test_the_questions() -> None:
    assert [(kernel(name).pge_is_a_role_bit(), kernel(name).wp_change_resets_the_mmu()) for name in (BEFORE, V6_12)] == [
        (True, True), (False, False)]


def test_a_changed_pge_that_exits() -> None:
    """With EPT the guest owns PGE; the exit is for DE."""
    found = {}
    for name in (BEFORE, V6_12):
        m = Machine(name)
        events = m.run("nop", "mov cr4, 0x2028")
        found[name] = (made(events)[2:], len(of(events, RootAllocated)) - 1)
    assert found == {BEFORE: ([], 1), V6_12: (["TLB_FLUSH_GUEST"], 0)}
