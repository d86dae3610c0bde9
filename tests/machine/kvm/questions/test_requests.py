"""Mainline's answers about requests."""

from __future__ import annotations

from kvmdbg.machine.kvm.era import Era

MAINLINE = Era()


def test_request_bits_are_those_of_v6_12() -> None:
    """A.2: arch request n is bit n + 8; TLB_FLUSH_CURRENT 26, TLB_FLUSH_GUEST 27, LOAD_MMU_PGD 5, EVENT 6."""
    bits = MAINLINE.request_bits()
    assert [bits[name] for name in ("TLB_FLUSH", "LOAD_MMU_PGD", "EVENT", "TLB_FLUSH_CURRENT", "TLB_FLUSH_GUEST", "MMU_SYNC")] == [
        0, 13, 14, 34, 35, 11]
    assert len(set(bits.values())) == len(bits)
