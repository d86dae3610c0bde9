"""730dca42c1d3: KVM_REQ_IMMEDIATE_EXIT becomes a local flag."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_bit_changes_hands() -> None:
    """A.1: bit 15 of 2011 is the PMU bit of 2015."""
    names = [{bit: name for name, bit in kernel(text).request_bits().items()}[15] for text in ("v3.2", "v4.3")]
    assert names == ["IMMEDIATE_EXIT", "PMU"]


def test_the_ladder_of_2011() -> None:
    """B.1."""
    assert kernel("v3.2").service_order() == (
        "MMU_RELOAD", "MIGRATE_TIMER", "CLOCK_UPDATE", "MMU_SYNC", "TLB_FLUSH", "REPORT_TPR_ACCESS", "TRIPLE_FAULT",
        "DEACTIVATE_FPU", "APF_HALT", "STEAL_UPDATE", "NMI", "IMMEDIATE_EXIT")
