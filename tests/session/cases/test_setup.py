"""Set-ups as values: kernels by source, controls by name."""

from __future__ import annotations

import pytest

from casework import case
from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.controls import SEC_ENABLE_VPID
from kvmdbg.machine.hw.fields import F
from kvmdbg.session.cases.control_names import Control
from kvmdbg.session.cases.reader import read_file
from kvmdbg.session.cases.setup import KERNEL_RULES, NEWEST, Plan, kernel_of, vendor
from support import shared_path


def test_a_case_runs_on_the_newest_kernel_unless_its_source_says_otherwise() -> None:
    assert kernel_of(case("L1: nop")) == NEWEST == "v6.12"
    assert kernel_of(case("L1: nop", source="seed document (nested VPID emulation)")) == "v4.4"


def test_every_rule_has_a_reason_and_a_case_of_the_shared_folder() -> None:
    sources = {one.source.file for file in (shared_path() / "cases").glob("*.yaml") for one in read_file(str(file))}
    for rule in KERNEL_RULES:
        assert rule.reason
        assert any(rule.file in source for source in sources)


def test_equal_plans_give_equal_setups() -> None:
    plans = [Plan("v6.12"), Plan("v6.12")]
    for plan in plans:
        plan.control("enable_vpid", True)
        plan.fields[F.VIRTUAL_PROCESSOR_ID] = 5
    assert plans[0].setup() == plans[1].setup()
    assert hash(plans[0].setup()) == hash(plans[1].setup())
    assert plans[0].setup().controls == ((Control(F.SECONDARY_VM_EXEC_CONTROL, SEC_ENABLE_VPID), True),)


def test_unknown_controls_and_vendors_are_unsupported() -> None:
    with pytest.raises(Unsupported, match="^vmcs12 frob: this control is not modelled$"):
        Plan("v6.12").control("frob", True)
    with pytest.raises(Unsupported, match="^vendor svm: AMD is not modelled$"):
        vendor("svm")
    vendor("vmx")
