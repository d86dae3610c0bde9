"""The conditions of VMRUN, one after the other."""

from __future__ import annotations

import pytest

from dump_support import VMCB
from kvmdbg.machine.hw.vmcb import VMCB_FIELDS
from kvmdbg.machine.hw.vmrun_checks import VMRUN_CHECKS, vmrun_problems

GOOD = {name: VMCB.get(name, 0) for name in VMCB_FIELDS} | {"event_inj": 0}


def texts(width: int = 48, **changes: int) -> list[str]:
    changed = {name.replace("__", "."): value for name, value in changes.items()}
    return [problem.text for problem in vmrun_problems(GOOD | changed, width)]


def test_a_good_one_passes() -> None:
    assert texts() == []


@pytest.mark.parametrize(("changes", "text"), [
    ({"efer": 0xD01}, "efer = 0xd01: must set SVME (APM Vol. 2 15.5.1)"), ({"cr0": 0xA005_0033}, "must not set NW without CD"),
    ({"cr0": 0x1_8005_0033}, "cr0 = 0x180050033: must have bits 63:32 = 0"), ({"cr3": 1 << 52}, "must have no bit above 47"),
    ({"cr4": 0x2020}, "must not set 0x2000"), ({"dr6": 1 << 40}, "dr6"), ({"dr7": 1 << 32}, "dr7"),
    ({"efer": 0x1D01 | 1 << 16}, "must not set 0x10000"), ({"cr4": 0}, "cr4 = 0x0: must set PAE"),
    ({"cr0": 0x8005_0032}, "must set PE"), ({"cs__attrib": 0xE9B}, "must not set L and D together"),
    ({"intercepts4": 0}, "must intercept VMRUN"), ({"msrpm_base_pa": 1 << 50}, "msrpm_base_pa"),
    ({"iopm_base_pa": 1 << 50}, "iopm_base_pa"), ({"event_inj": 0x8000_0120}, "must not name the event type 1"),
    ({"event_inj": 0x8000_0302}, "must not inject 2 as an exception"), ({"event_inj": 0x8000_0320}, "must not inject 32"),
    ({"asid": 0}, "must not be 0, which is the host's"), ({"nested_cr3": 1 << 51}, "nested_cr3"), ({"g_pat": 0x0202}, "g_pat")])
def test_each_condition(changes: dict[str, int], text: str) -> None:
    found = texts(**changes)
    assert len(found) == 1 and text in found[0]


@pytest.mark.parametrize("changes", [
    {"nested_ctl": 0, "nested_cr3": 1 << 60, "g_pat": 2},
    {"cr0": 0x11, "efer": 0x1000, "cr4": 0, "cr3": 1 << 52, "cs__attrib": 0xE9B},
    {"event_inj": 0x8000_0021}, {"event_inj": 0x8000_0202}, {"event_inj": 0x8000_080E | 0x300}, {"cr0": 0xE005_0033}])
def test_what_is_right(changes: dict[str, int]) -> None:
    assert texts(**changes) == []


def test_an_encrypted_state_is_not_looked_at() -> None:
    found = texts(nested_ctl=7, efer=0, cr0=1 << 40, asid=0)
    assert found == ["asid = 0x0: must not be 0, which is the host's (APM Vol. 2 15.5.1)"]


def test_every_check_names_a_field_and_the_manual() -> None:
    assert all(check.field in VMCB_FIELDS and check.source.startswith("APM Vol. 2 15.") for check in VMRUN_CHECKS)
    assert len({check.name for check in VMRUN_CHECKS}) == len(VMRUN_CHECKS)


def test_a_field_that_is_not_known_passes() -> None:
    assert vmrun_problems({"cr0": 0}, 48) == ()
