"""Who runs on the processor, with which tags."""

from __future__ import annotations

import pytest

from kvmdbg.oracle.contexts import Context
from oracle.given import CR3_X, CR3_Y, EPT, KERNELS, L2_LA, Machine, Y


def now(machine: Machine) -> Context:
    context = machine.index.contexts.at(0, machine.position)
    assert context is not None
    return context


def test_l1_runs_with_virtual_vpid_0() -> None:
    context = now(Machine())
    assert (context.level, context.vpid, context.vpid12, context.ep4ta12, context.cr3) == (1, 1, 0, -1, 0x1000)


def test_l2_runs_with_the_tags_of_vmcs12() -> None:
    context = now(Machine().enter())
    assert (context.level, context.vpid, context.vpid12, context.ep4ta12, context.cr3) == (2, 2, 1, EPT >> 12, CR3_X)


@pytest.mark.parametrize("name", KERNELS)
def test_without_vpid_in_vmcs12_l2_has_virtual_vpid_0_too(name: str) -> None:
    context = now(Machine(name, vpid=False).enter())
    assert (context.level, context.vpid, context.vpid12) == (2, 1, 0)


def test_without_ept_in_vmcs12_the_root_is_direct() -> None:
    context = now(Machine(ept=False).enter())
    assert context.ep4ta12 == -1 and context.root is not None and context.root.direct


def test_mov_cr3_begins_a_context() -> None:
    machine = Machine().enter()
    before = now(machine)
    machine.run(f"mov cr3, {CR3_Y:#x}")
    assert now(machine).cr3 == CR3_Y and now(machine).since > before.since


def test_a_context_goes_on_while_kvm_handles_an_exit() -> None:
    machine = Machine()
    before = now(machine)
    machine.run("cpuid")
    assert now(machine) == before


def test_nobody_runs_between_a_nested_exit_and_the_next_entry() -> None:
    machine = Machine().enter()
    start = machine.position
    machine.leave()
    gap = [position for position in range(start, machine.position) if machine.index.contexts.at(0, position) is None]
    assert gap and gap == list(range(gap[0], gap[-1] + 1))


def test_the_last_user_of_some_tags() -> None:
    machine = Machine().enter().leave().enter(Y).leave()
    key = machine.keys("guest-physical", CR3_Y)[0]
    user = machine.index.contexts.last_user(0, key.vpid, key.pcid, key.ep4ta, machine.position)
    assert user is not None and user.vpid12 == 2 and user.level == 2
    assert machine.index.contexts.last_user(0, 77, 0, key.ep4ta, machine.position) is None


def test_in_guest_or_in_kvm() -> None:
    machine = Machine()
    start = machine.position
    assert machine.index.contexts.in_guest(0, start)
    machine.run("cpuid")
    inside = [machine.index.contexts.in_guest(0, position) for position in range(start, machine.position + 1)]
    assert not all(inside) and inside[-1]


def test_the_next_vm_entry() -> None:
    machine = Machine()
    start = machine.position
    machine.run(f"load {L2_LA:#x}")
    entry = machine.index.contexts.next_entry(0, start)
    assert entry is None or entry > start
    machine.run("cpuid")
    assert machine.index.contexts.next_entry(0, start) is not None


def test_pdpte_registers_are_part_of_a_context() -> None:
    machine = Machine()
    before = now(machine)
    machine.kvm.hw.cpus[0].pdptes = (1, 0, 0, 0)
    assert now(machine).pdptes == (1, 0, 0, 0) and now(machine).since > before.since
