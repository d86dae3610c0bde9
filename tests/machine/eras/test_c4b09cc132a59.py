"""4b09cc132a59: SMI and NMI are served after the PMU's requests."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel

BEFORE, AFTER = "4b09cc132a59^", "4b09cc132a59"


def test_the_order() -> None:
    """B.4 and B.5."""
    four = ("SMI", "NMI", "PMU", "PMI")
    assert [tuple(request for request in kernel(name).service_order() if request in four) for name in (BEFORE, AFTER)] == [
        four, ("PMU", "PMI", "SMI", "NMI")]
