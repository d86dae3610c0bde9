"""bc9e9e672df9: debugfs takes its names from the binary statistics."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_question() -> None:
    """What follows from it is in tests/machine/kvm/questions/test_statistics.py."""
    names = [kernel(name).statistic_name("irq_window_exits") for name in ("bc9e9e672df9^", "bc9e9e672df9")]
    assert names == ["irq_window", "irq_window_exits"]
