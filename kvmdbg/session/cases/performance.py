"""Doing the steps of one instance, one after the other, and handing out what each came to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from kvmdbg.machine.actions import waits, why_idle
from kvmdbg.machine.kvm.events import ExitHandled
from kvmdbg.session.cases import seen
from kvmdbg.session.cases.fact import Observed, Operated
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.model import Value
from kvmdbg.session.cases.operation import LEVELS
from kvmdbg.session.cases.operations import immediate_exit
from kvmdbg.session.cases.words import Doing, StepToDo

SHUTDOWN: Final = "KVM_EXIT_SHUTDOWN"     # L1 is aborted: an exit of L2 that it does not see
ACCESSES: Final = ("load", "store", "fetch", "fetch_user", "ept_set")
ENTRIES: Final = ("vmlaunch", "vmresume", "enter")


def perform(harness: Harness, steps: Sequence[StepToDo], premises: Mapping[str, Value]) -> Iterator[tuple[StepToDo, Observed]]:
    """Do the steps in order. What a step needs is made before it, so that it does not show among the step's own events."""
    make_ready(harness, steps, premises)
    for step in steps:
        harness.player.remark(f"step {step.number}: {step.text}")
        yield step, do_step(harness, step, premises)


def do_step(harness: Harness, step: StepToDo, premises: Mapping[str, Value]) -> Observed:
    """One step."""
    start = harness.player.position
    operations = []
    for number, doing in enumerate(step.doings):
        bring(harness, doing)
        if number == 0:
            start = harness.player.position
        operations.append(do_operation(harness, doing))
    stop = harness.player.position
    addresses = [access.la for access in operations[-1].seen.accesses] if operations else []
    level = operations[-1].actor if operations and operations[-1].actor in LEVELS else f"L{harness.level}"
    fresh, before = harness.frames(level, addresses) if addresses else ({}, {})
    return Observed(harness.kvm, harness.vcpu, harness.binding, premises, start, stop, tuple(operations), fresh, before)


def bring(harness: Harness, doing: Doing) -> None:
    """Let the level that acts be the guest; L0 acts while L2 is. An edit of memory is made whoever runs."""
    if doing.declared.at_once:
        return
    harness.bring(LEVELS.get(doing.actor.name, 2))
    if doing.actor.name in LEVELS:
        harness.player.privilege(doing.actor.cpl or harness.setup.cpl)


def do_operation(harness: Harness, doing: Doing) -> Operated:
    """One operation, and what the tape says of it."""
    start = harness.player.position
    value = doing.declared.run(harness, doing.operation, doing.actor)
    result = seen.read(event for _, event in harness.kvm.tape.events(start))
    if result.kind == seen.NOTHING and waits(harness.kvm, 0):
        emulated = any(isinstance(event, ExitHandled) for _, event in harness.kvm.tape.events(start))
        result = result._replace(kind=seen.RUNS if emulated else seen.NOTHING)      # KVM did it, and the guest goes on
    elif result.kind == seen.NOTHING or result.kind == seen.EXIT and harness.vcpu.exit_to_user.startswith(SHUTDOWN):
        result = seen.Seen(seen.LEFT, note=why_idle(harness.kvm, harness.vcpu))
    flags = harness.flags(LEVELS.get(doing.actor.name, 0))
    return Operated(doing.actor.name, doing.operation.word, result, value, flags)


# -- before step 1 -------------------------------------------------------------------------------------------------------

def make_ready(harness: Harness, steps: Sequence[StepToDo], premises: Mapping[str, Value]) -> None:
    """What the steps take for granted: pages mapped, an earlier nested entry, a VMCS that VMRESUME can use."""
    for doing in (doing for step in steps for doing in step.doings):
        gpa = doing.operation.named("gpa")
        if doing.operation.word in ACCESSES and gpa and not gpa.startswith("<"):
            harness.touch(harness.binding.number64(gpa))
        if doing.actor.name == "L1" and doing.operation.named("gva") and harness.tables == "L1":
            harness.map_for_l1(harness.binding.number64(doing.operation.named("gva")))
    last_vpid = vpid_of_earlier_entry(premises)
    if last_vpid is not None:
        harness.warm_up(last_vpid)
    if harness.setup.layout.roots:
        harness.player.remark("L1 has run L2 under each of these EPTPs")
        harness.cache_roots()
    if harness.setup.layout.l2_scene is None and resumes_first(steps) and harness.setup.vmx and harness.setup.current_vmcs \
            and not harness.setup.cpl:
        harness.player.remark("L1 has launched L2 before")
        harness.bring(2)
        harness.bring(1)
    if premises.get("l0") == immediate_exit.SITUATION:
        immediate_exit.begin(harness)
    if harness.setup.pending_irq >= 0:
        harness.player.host(f"irq vcpu0 {harness.setup.pending_irq:#x}")
        harness.player.run()


def vpid_of_earlier_entry(premises: Mapping[str, Value]) -> int | None:
    """vpid12 of the nested entry that a row says has been before; 0 for one without VPID; None where no row says so."""
    last, differs = premises.get("last_vpid"), premises.get("vpid12_differs_from_last")
    if isinstance(last, int):
        return last
    if differs is None:
        return None
    vpid12 = int(premises.get("vpid12", 1))
    return 0 if not premises.get("vpid12_enabled", True) else vpid12 + 1 if differs else vpid12


def resumes_first(steps: Sequence[StepToDo]) -> bool:
    """Is a plain VMRESUME the first thing that runs L2?"""
    for doing in (doing for step in steps for doing in step.doings):
        if doing.operation.word in ENTRIES and doing.actor.name == "L1":
            return doing.operation.word == "vmresume"
        if doing.actor.name == "L2" and not doing.declared.at_once:
            return False
    return False

