"""The processor obeys the table, and a processor that does not is found out."""

from __future__ import annotations

import pytest

from kvmdbg.errors import ModelBug
from kvmdbg.machine.hw import invalidate, tlb
from kvmdbg.machine.hw.tlbkey import TlbKey
from kvmdbg.machine.kvm.state import Config
from kvmdbg.oracle.selfcheck import check
from oracle.given import KERNELS, L1_LA, L2_LA, Machine
from oracle.wandering import Wanderer


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("vpid", [True, False], ids=["vpid", "novpid"])
@pytest.mark.parametrize("name", KERNELS)
def test_a_wandering_guest_finds_no_breach(name: str, vpid: bool, seed: int) -> None:
    machine = Wanderer(name, seed, Config(enable_vpid=vpid)).wander(40).machine
    assert check(machine.kvm, machine.index) > 20


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("vpid", [True, False], ids=["vpid", "novpid"])
@pytest.mark.parametrize("name", ["v4.3", "v5.7", "v6.12"])
def test_nor_does_one_whose_page_tables_are_shadowed(name: str, vpid: bool, seed: int) -> None:
    machine = Wanderer(name, seed, Config(enable_ept=False, enable_vpid=vpid)).wander(40).machine
    assert check(machine.kvm, machine.index) > 10
    assert name == "v5.7" or "forbidden" not in machine.statuses()


def keep_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """A processor whose invalidations find nothing."""
    monkeypatch.setattr(invalidate, "select", lambda hw, cpu, **tags: ())


@pytest.mark.parametrize(("text", "rule"), [("invlpg 0x800000", "INVLPG"), ("mov cr3, 0x40000", "MOV_CR3")])
def test_an_entry_that_outlives_an_instruction(monkeypatch: pytest.MonkeyPatch, text: str, rule: str) -> None:
    machine = Machine().enter()
    keep_everything(monkeypatch)
    machine.run(text)
    with pytest.raises(ModelBug, match=f"combined mapping of 0x800000.* outlives {rule}") as breach:
        check(machine.kvm, machine.index)
    assert 0 < breach.value.position <= machine.position


def test_an_entry_that_outlives_a_transition(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(config=Config(enable_vpid=False))
    keep_everything(monkeypatch)
    machine.run("cpuid")
    with pytest.raises(ModelBug, match="outlives VM_EXIT"):
        check(machine.kvm, machine.index)


def test_a_translation_with_foreign_tags() -> None:
    machine = Machine()
    key = machine.keys("combined", L1_LA)[0]
    start = machine.position
    tlb.insert(machine.kvm.hw, machine.kvm.hw.cpus[0], key._replace(vpid=9), frame=0)
    with pytest.raises(ModelBug, match="tags that are not its own"):
        check(machine.kvm, machine.index, start)


def test_a_translation_from_nothing() -> None:
    machine = Machine()
    key: TlbKey = machine.keys("guest-physical", L1_LA)[0]
    start = machine.position
    tlb.insert(machine.kvm.hw, machine.kvm.hw.cpus[0], key._replace(page=0x3FFF_F000), frame=0x5000)
    with pytest.raises(ModelBug, match="do not say so"):
        check(machine.kvm, machine.index, start)


def test_a_use_of_what_is_not_cached(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine().enter()
    key = machine.keys("combined", L2_LA)[0]
    entry = machine.kvm.hw.tlb[0][key]
    machine.run(f"invlpg {L2_LA:#x}")
    start = machine.position
    monkeypatch.setattr(tlb, "lookup_linear", lambda hw, cpu, la: (key, entry))
    machine.run(f"load {L2_LA:#x}")
    with pytest.raises(ModelBug, match="is not cached"):
        check(machine.kvm, machine.index, start)
