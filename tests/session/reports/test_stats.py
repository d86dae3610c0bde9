"""KVM's counters."""

from __future__ import annotations

from kvmdbg.session.reports.stats import stats
from looking import looking


def test_counters_carry_kernel_names_and_change_marks() -> None:
    s = looking("v6.12", "cpuid")
    exits = next(row for row in stats(s).rows if row.cells[1] == "exits")
    assert exits.cells == ("vcpu0", "exits", "1", "0")
    assert exits.mark == "*"


def test_before_anything_ran() -> None:
    s = looking()
    s.tape.seek(0)
    assert stats(s).note == "Nothing counted so far."


def test_it_lists_what_the_kernel_has() -> None:
    names = {kernel: {row.cells[1] for row in stats(looking(kernel, "cpuid")).rows} for kernel in ("v4.4", "v6.12")}
    assert "irq_window" in names["v4.4"] and "pages_4k" not in names["v4.4"] and "pages_4k" in names["v6.12"]
