"""Walks over memory as it was."""

from __future__ import annotations

from kvmdbg.machine.kvm import tables
from kvmdbg.oracle.contexts import Context
from kvmdbg.oracle.walks import Past
from oracle.given import CR3_X, DATA, EPT, L1_LA, L2_LA, OTHER, Machine


def context_of(machine: Machine) -> Context:
    context = machine.index.contexts.at(0, machine.position)
    assert context is not None
    return context


def test_a_walk_of_l1_as_of_then_and_of_now() -> None:
    machine = Machine()
    then = machine.position
    machine.map("L1", L1_LA, OTHER)
    context = context_of(machine)
    old, new = (Past(machine.index, position).linear(context, L1_LA) for position in (then, machine.position))
    assert (old.address, new.address) == (L1_LA, OTHER)


def test_it_knows_what_changed_last() -> None:
    machine = Machine()
    then = machine.position
    machine.map("L1", L1_LA, OTHER)
    past = Past(machine.index, machine.position)
    past.linear(context_of(machine), L1_LA)
    assert then <= past.before == past.cause < machine.position


def test_a_walk_of_l2_goes_through_ept12() -> None:
    machine = Machine().enter()
    walk = Past(machine.index, machine.position).linear(context_of(machine), L2_LA)
    assert walk.address == DATA
    assert Past(machine.index, machine.position).ept12(EPT >> 12, DATA).address == DATA


def test_where_l2s_tables_may_still_be() -> None:
    """Since its last INVEPT a level must expect every place that EPT12 named for a page of L2's tables."""
    machine = Machine().enter()
    context = context_of(machine)
    machine.map("ept12", CR3_X, OTHER)
    assert Past(machine.index, machine.position).l1_pages(context, CR3_X) == [OTHER, CR3_X]
    walks = list(Past(machine.index, machine.position).permitted(context, L2_LA))
    assert sorted(walk.address for walk in walks if walk.mapped) == [DATA] and len(walks) == 2
    machine.leave().run("invept all-context")
    assert Past(machine.index, machine.position).l1_pages(context, CR3_X) == [OTHER]


def test_a_1g_page_is_walked_like_any_other() -> None:
    machine = Machine()
    tables.set_entry(machine.kvm, machine.vcpu, "L1", L1_LA, 0x8000_0083, table_level=3)
    walk = Past(machine.index, machine.position).linear(context_of(machine), L1_LA)
    assert (walk.address, walk.size) == (0x8000_0000 + L1_LA, 0x4000_0000)


def test_memory_that_is_none() -> None:
    machine = Machine()
    past = Past(machine.index, machine.position)
    assert past.l1(machine.kvm.config.memory) is None and past.l1(0x2FFF_F000) == 0
