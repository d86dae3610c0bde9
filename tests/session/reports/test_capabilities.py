"""`info capabilities`."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from kvmdbg.session.reports.capabilities import capabilities
from session_support import session


def test_the_processor_and_l1_side_by_side() -> None:
    grid = capabilities(session(kernel="v6.12"))
    rows = {row.cells[0]: row for row in grid.rows}
    assert rows["IA32_VMX_TRUE_PINBASED_CTLS"].cells[1:] == ("48d", "7f00000016", "7f00000016")
    assert rows["IA32_VMX_MISC"].mark == "!" and not rows["IA32_VMX_BASIC"].mark


def test_one_msr_bit_by_bit() -> None:
    grid = capabilities(session("machine l1.preemption_timer=0", kernel="v6.12"), "true_pin")
    rows = {row.cells[2]: row for row in grid.rows}
    assert rows["PREEMPTION_TIMER"].cells == ("VMX_TRUE_PINBASED_CTLS", "6", "PREEMPTION_TIMER", "may be 1", "must be 0")
    assert rows["PREEMPTION_TIMER"].mark == "!" and not rows["NMI_EXITING"].mark
    assert set(capabilities(session(), "all").column("msr")) >= {"VMX_BASIC", "VMX_VMFUNC"}


def test_what_a_kernel_does_not_offer_is_missing() -> None:
    rows = {row.cells[0]: row for row in capabilities(session(kernel="v4.3")).rows}
    assert rows["IA32_VMX_VMFUNC"].cells[2:] == ("1", "-")
    assert set(capabilities(session("machine nested=0")).column("L1")) == {"-"}
    assert capabilities(session(kernel="v4.3"), "vmfunc").column("L1") == ("-",)


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UserError, match="IA32_VMX_MISC"):
        capabilities(session(), "efer")
