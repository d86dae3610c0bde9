"""01b31714bd90: with TDP a changed CR0.WP keeps the roots."""

from __future__ import annotations

import pytest

from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.hw.controls import CR0_PG, CR0_WP
from kvmdbg.machine.kvm.questions.control_registers import Aftermath

BEFORE, AFTER = "01b31714bd90^", "01b31714bd90"


@pytest.mark.parametrize(("paging", "tdp", "before", "after"), [
    (True, True, Aftermath(reset=True), Aftermath(init=True)), (True, False, Aftermath(reset=True), Aftermath(reset=True)),
    (False, True, Aftermath(reset=True), Aftermath()), (False, False, Aftermath(reset=True), Aftermath())])
def test_wp_alone(paging: bool, tdp: bool, before: Aftermath, after: Aftermath) -> None:
    """D, row CR0 write."""
    pg = CR0_PG if paging else 0
    assert [kernel(name).cr0_aftermath(pg, pg | CR0_WP, tdp) for name in (BEFORE, AFTER)] == [before, after]
