"""The entry by which L1 maps V."""

from __future__ import annotations

import pytest

from casework import harness, verdict
from kvmdbg.machine.hw import paging
from kvmdbg.session.cases import binding
from kvmdbg.session.cases.player import L1

FAULTS = {"outcome": "fault", "vector": "#PF"}
WRITABLE = "present, accessed, user, writable"


@pytest.mark.parametrize(("pte", "step", "error_code"), [
    ("present, supervisor, writable", "L1(user): load gva=V", 5), ("present, supervisor", "L1(user): store gva=V", 7),
    ("present, user, read-only", "L1(user): store gva=V", 7), ("present, user, NX", "L1(user): fetch gva=V", 0x15),
    ("not present", "L1: store gva=V", 2), ("not present, user", "L1(user): fetch gva=V", 0x14),
    ("present, bit 51 (reserved)", "L1: load gva=V", 9), ("large, user, read-only", "L1(user): store gva=V", 7)])
@pytest.mark.parametrize("enable_ept", [True, False])
def test_what_it_forbids(pte: str, step: str, error_code: int, enable_ept: bool) -> None:
    """caps: 52 bits would leave none reserved."""
    given = {"pte": pte, "l0": {"enable_ept": enable_ept}, "caps": {"maxphyaddr": "< 52"}}
    assert verdict(step, expect=[{"step": 1, "error_code": error_code, **FAULTS}], given=given).status == "ok"


@pytest.mark.parametrize("enable_ept", [True, False])
def test_registers_decide_with_it(enable_ept: bool) -> None:
    steps = ("L1: fetch gva=V", "L1: mov cr4 SMEP=1", "L1: fetch gva=V", "L1: mov cr4 SMEP=0, SMAP=1", "L1: store gva=V",
             "L1: stac", "L1: store gva=V", "L1: clac; store gva=V")
    expect = [{"step": step, "outcome": "no_fault"} for step in (1, 7)] + [
        {"step": step, "error_code": code, **FAULTS} for step, code in ((3, 0x11), (5, 3), (8, 3))]
    given = {"pte": WRITABLE, "l0": {"enable_ept": enable_ept}}
    assert verdict(*steps, expect=expect, given=given).status == "ok"


@pytest.mark.parametrize("enable_ept", [True, False])
def test_a_large_page_that_only_a_kernel_without_wp_writes_to(enable_ept: bool) -> None:
    steps = ("L1: store gva=V", "L1: pte_set gva=V flip_bit=1", "L1: invlpg gva=V", "L1(user): store gva=V")
    expect = [{"step": 1, "outcome": "no_fault"}, {"step": 4, "outcome": "no_fault"}]
    given = {"pte": "large, present, user, read-only", "cr0": "WP=0", "l0": {"enable_ept": enable_ept}}
    assert verdict(*steps, expect=expect, given=given).status == "ok"


@pytest.mark.parametrize(("pte", "level", "bits"), [
    ("present, accessed, dirty, read-only", 1, paging.P | paging.A | paging.D | paging.US),
    ("large, accessed", 2, paging.P | paging.RW | paging.US | paging.A | paging.PS),
    ("not present, NX", 1, paging.RW | paging.US | paging.XD)])
def test_the_bits_in_memory(pte: str, level: int, bits: int) -> None:
    h = harness({"pte": pte})
    h.map_for_l1(binding.LINEAR_V)
    assert h.setup.layout.v.level == level
    assert h.player.entry(L1, binding.LINEAR_V, level)[1] == binding.FRAME_OLD | bits
