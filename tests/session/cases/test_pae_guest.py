"""An L2 in PAE paging."""

from __future__ import annotations

import pytest

from casework import harness, observe, verdict
from kvmdbg.machine.hw.paging import P
from kvmdbg.session.cases import binding, pae_guest
from kvmdbg.session.cases.base import linear_v

PAE = {"l2": "32-bit, PAE paging"}
WITH_EPT = PAE | {"vmcs12": {"enable_ept": True}}


@pytest.mark.parametrize("given", [PAE, WITH_EPT])
def test_it_runs_and_reads_v(given: dict[str, object]) -> None:
    step, = observe("L2: load gva=V", given=given)
    assert step.last.value == binding.MARK_OLD
    assert step.seen.accesses[0].la == pae_guest.LINEAR_V


def test_its_four_pdptes_are_all_there() -> None:
    h = harness(WITH_EPT)
    assert linear_v(h.setup) == pae_guest.LINEAR_V
    in_memory = [pae_guest.pdpte(h.player, number) for number in range(4)]
    assert all(entry & P for entry in in_memory) and len(set(in_memory)) == 4
    h.bring(2)
    assert list(h.kvm.cpu(h.vcpu).pdptes) == in_memory


@pytest.mark.parametrize("given", [PAE, WITH_EPT])
@pytest.mark.parametrize(("change", "qualification"), [
    ("PDPTE 2 bit 52", 2), ("PDPTE 0 bit 63, EFER.NX=0", 2), ("PDPTE 3 bit 1", 2), ("CR3 bit 60", 0)])
def test_what_vm_entry_refuses(given: dict[str, object], change: str, qualification: int) -> None:
    wanted = [{"step": 2, "outcome": "entry_failure", "exit_reason": 0x8000_0021, "qualification": qualification}]
    assert verdict(f"L1: {change}", "L1: vmlaunch", expect=wanted, given=given).status == "ok"


@pytest.mark.parametrize("given", [PAE, WITH_EPT])
@pytest.mark.parametrize("change", ["PDPTE 2 bit 9", "PDPTE 1 bit 3", "CR3 bit 3"])
def test_what_vm_entry_lets_pass(given: dict[str, object], change: str) -> None:
    entered = [{"step": 2, "outcome": "entered", "exit_reason": 18}]
    assert verdict(f"L1: {change}", "L1: vmlaunch", expect=entered, given=given).status == "ok"
