"""Uses, judged as of the moment of use; and how little work that is while nothing changes."""

from __future__ import annotations

import pytest

from kvmdbg.machine.kvm import shadow
from kvmdbg.machine.kvm.state import Config
from kvmdbg.oracle.index import Index
from kvmdbg.oracle.uses import judge_again, uses
from kvmdbg.oracle.verdict import FORBIDDEN, FRESH, STALE, judge
from oracle.given import DATA, KERNELS, L1_LA, L2_LA, OTHER, Machine, Y
from oracle.wandering import Wanderer


@pytest.mark.parametrize("name", KERNELS)
def test_an_ordinary_session_uses_nothing_forbidden(name: str) -> None:
    machine = Machine(name).enter().leave().run(f"load {L1_LA:#x}").enter(Y).leave().enter(launch=False)
    machine.map("L2", L2_LA, OTHER).run(f"load {L2_LA:#x}", f"invlpg {L2_LA:#x}", f"load {L2_LA:#x}").map("ept12", OTHER, DATA)
    machine.leave().run("invept all-context").enter(Y, launch=False)
    assert FORBIDDEN not in machine.statuses() and FRESH in machine.statuses()


def test_a_use_is_judged_as_of_then() -> None:
    machine = Machine().run(f"load {L1_LA:#x}").map("L1", L1_LA, OTHER).run(f"load {L1_LA:#x}").map("L1", L1_LA, L1_LA)
    machine.run(f"load {L1_LA:#x}")
    last = [use.verdict.status for use in machine.uses() if use.key.page == L1_LA and use.key.kind == "combined"]
    assert last == [FRESH, STALE, FRESH]


def test_plain_running_evaluates_hardly_any_walk() -> None:
    machine = Machine().enter().run(f"load {L2_LA:#x}")
    hits = len(machine.uses())
    before, start = machine.index.walks, machine.position
    assert before <= 10 * hits
    machine.run(*[f"load {L2_LA:#x}"] * 200)
    assert len(machine.uses(start)) == 200
    assert machine.index.walks == before


def test_a_store_to_data_evaluates_no_walk() -> None:
    machine = Machine().enter().run(f"store {L2_LA:#x}, 1", f"load {L2_LA:#x}")
    machine.uses()
    before, start = machine.index.walks, machine.position
    machine.run(*(f"store {L2_LA:#x}, {value}" for value in range(2, 30)))
    assert len(machine.uses(start)) == 28 and machine.index.walks == before


def test_walks_are_evaluated_for_hits_with_a_changed_table_only() -> None:
    machine = Machine().run(f"load {L1_LA:#x}")
    machine.uses()
    one = machine.index.walks
    start = machine.position
    for target in (OTHER, L1_LA) * 5:
        machine.map("L1", L1_LA, target).run(*[f"load {L1_LA:#x}"] * 20)
    judged = len(machine.uses(start))
    assert judged == 200 and machine.index.walks - one <= 10 * 30


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("name", KERNELS)
def test_a_wandering_guest_uses_nothing_forbidden(name: str, seed: int) -> None:
    """And a verdict that was kept is the one that would be given anew."""
    wanderer = Wanderer(name, seed).wander(40)
    machine = wanderer.machine
    anew = Index(machine.kvm)
    anew.refresh()
    for use in uses(machine.kvm, machine.index, 0, machine.position):
        assert use.verdict.status != FORBIDDEN, (use, wanderer.steps)
        assert judge(machine.kvm, anew, use.cpu, use.key, use.position) == use.verdict


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("name", ["v3.2", "v4.4", "v4.15", "v5.7", "v5.10", "v5.14", "v6.12"])
def test_nor_does_one_whose_host_takes_pages_and_processors_away(name: str, seed: int) -> None:
    wanderer = Wanderer(name, seed, Config(cpus=2), host=True).wander(40)
    machine = wanderer.machine
    assert any(step.startswith("host ") for step in wanderer.steps)
    assert [use for use in uses(machine.kvm, machine.index, 0, machine.position) if use.verdict.status == FORBIDDEN] == []


def test_going_back_in_time_asks_anew() -> None:
    machine = Machine().run(f"load {L1_LA:#x}")
    then = machine.position
    key = machine.keys("combined", L1_LA)[0]
    machine.map("L1", L1_LA, OTHER)
    assert judge_again(machine.index, 0, key, machine.position).status == STALE
    assert judge_again(machine.index, 0, key, then).status == FRESH


def test_a_verdict_is_good_for_the_time_before_it_too() -> None:
    machine = Machine().enter().run(f"load {L2_LA:#x}")
    key = machine.keys("combined", L2_LA)[0]
    judge_again(machine.index, 0, key, machine.position)
    before, filled = machine.index.walks, machine.index.filled_at(0, key, machine.position)
    for at in range(machine.position, filled, -1):
        assert judge_again(machine.index, 0, key, at).status == FRESH
    assert machine.index.walks == before


def test_a_vm_entry_ends_what_is_known_of_a_stale_one() -> None:
    """KVM had until then: asked for in KVM's hands the answer is another one than after it."""
    machine = Machine().enter()
    shadow.rmap_write_protect(machine.kvm, DATA >> 12)
    key = machine.keys("combined", L2_LA)[0]
    assert judge_again(machine.index, 0, key, machine.position).status == STALE
    machine.leave().run("vmresume")
    assert judge_again(machine.index, 0, key, machine.position).status == FORBIDDEN
