"""The table of VM-entry checks as a whole."""

from __future__ import annotations

import re

import pytest

from kvmdbg.machine.hw.checking import CONTROL_AREA, GUEST_AREA, HOST_AREA, subject
from kvmdbg.machine.hw.checks import CHECKS, all_problems, first_problem
from kvmdbg.machine.hw.fields import FIELDS, F
from vmx import reader, with_vmcs


@pytest.mark.parametrize("area", [CONTROL_AREA, HOST_AREA, GUEST_AREA])
def test_a_good_vmcs_passes(area: str) -> None:
    hw, cpu = with_vmcs()
    assert first_problem(subject(hw, cpu, reader(hw, cpu)), area) is None


def test_names_are_unique_and_sources_are_sections() -> None:
    assert len({check.name for check in CHECKS}) == len(CHECKS)
    assert all(re.fullmatch(r"SDM Vol\. 3C 26\.[23](\.\d)*", check.source) and check.field in FIELDS for check in CHECKS)


def test_areas_come_in_the_order_in_which_the_processor_looks() -> None:
    areas = [check.area for check in CHECKS]
    assert areas == sorted(areas, key=[CONTROL_AREA, HOST_AREA, GUEST_AREA].index)


def test_only_guest_checks_have_a_qualification() -> None:
    assert {check.area for check in CHECKS if check.qualification} == {GUEST_AREA}


def test_a_person_gets_every_problem_in_order() -> None:
    hw, cpu = with_vmcs({F.GUEST_RIP: 1 << 47, F.HOST_RIP: 1 << 47, F.VIRTUAL_PROCESSOR_ID: 0})
    assert [problem.check for problem in all_problems(hw, cpu, reader(hw, cpu))] == [
        "the VPID is not 0 if VPIDs are enabled", "a 64-bit host's RIP is canonical", "guest RIP fits the guest's mode"]


def test_an_empty_vmcs_has_many_problems_and_breaks_nothing() -> None:
    hw, cpu = with_vmcs()
    assert len(all_problems(hw, cpu, lambda encoding: 0)) > 20
    assert all_problems(hw, cpu, lambda encoding: FIELDS[encoding].mask >> 1)
