"""`make_request IMMEDIATE_EXIT`, `enter guest ...`, `exit on the IPI`: L0's thread, step by step, behind a VMLAUNCH of L1.

L0 has an interrupt for L1, which has just launched L2 with an event: L2 must be entered before it may exit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from kvmdbg.errors import Unsupported, UserError
from kvmdbg.explore.schedule import next_action
from kvmdbg.machine.actions import do, load_program
from kvmdbg.machine.hw.controls import INTR_INFO_VALID
from kvmdbg.machine.hw.events import VmEntered, VmExited
from kvmdbg.machine.hw.instructions import parse_insn
from kvmdbg.machine.kvm.events import RequestMade
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.steps import Actor, Operation

SITUATION: Final = "wants to inject into L1 while L1 has just launched L2 with an event in ENTRY_INTR_INFO"
REQUEST: Final = "IMMEDIATE_EXIT"
GO_ON: Final = "goto end"
INTERRUPT: Final = 0x20                   # that of L1
INJECTED: Final = INTR_INFO_VALID | 0x80  # an external interrupt with vector 0x80, into L2


def begin(h: Harness) -> None:
    """L1's VMLAUNCH has been handled, L2 has not run, and an interrupt has come for L1."""
    h.player.lines += ["tbreak nested-entry", "inject vmlaunch", GO_ON]
    load_program(h.kvm, 0, (parse_insn("vmlaunch"),), front=True)
    while not h.vcpu.guest_mode:
        act(h)
    h.player.host(f"irq {INTERRUPT:#x}")


@operation("make_request", actors=("L0",), at_once=True, own=True)
def make_request(h: Harness, op: Operation, actor: Actor) -> None:
    """The thread runs until it makes the request itself."""
    if op.rest != REQUEST:
        raise Unsupported(f"{op.text}: only {REQUEST} is made by L0 itself")
    until(h, f"req:{REQUEST} raised", lambda event: isinstance(event, RequestMade) and event.name == REQUEST)
    go_on(h)


@operation("enter", actors=("L0",), at_once=True, own=True)
def enter(h: Harness, op: Operation, actor: Actor) -> None:
    """The thread runs up to the VM entry; what the entry delivers is the next step's."""
    if not op.rest.startswith("guest"):
        raise Unsupported(f"{op.text}: only `enter guest`")
    until(h, "vmentry", lambda event: isinstance(event, VmEntered))
    tape = h.kvm.tape
    place = max(at for at, event in tape.events(0) if isinstance(event, VmEntered))
    tape.seek(place + 1)


@operation("exit", actors=("L0",), at_once=True, own=True)
def exit_on_ipi(h: Harness, op: Operation, actor: Actor) -> None:
    """L2 leaves the processor, and L0 does what it has to."""
    if op.rest != "on the IPI":
        raise Unsupported(f"{op.text}: only `exit on the IPI`")
    until(h, "vmexit", lambda event: isinstance(event, VmExited))
    go_on(h)
    h.player.run()


def go_on(h: Harness) -> None:
    """To the end of the action in which the step before stopped, if it is not there."""
    h.player.lines.append(GO_ON)
    h.kvm.tape.seek(h.kvm.tape.end)


def until(h: Harness, event: str, found: Callable[[Any], bool]) -> None:
    """Actions of the thread up to the one in which such an event happens.  raises: UserError when none comes.

    event: what a breakpoint calls it.
    """
    h.player.lines += [f"tbreak {event}", "continue"]
    while True:
        start = h.kvm.tape.cursor
        act(h)
        if any(found(one) for _, one in h.kvm.tape.events(start)):
            return


def act(h: Harness) -> None:
    """One action of the vCPU's thread.  raises: UserError when it has nothing to do."""
    action = next_action(h.kvm, 0)
    if action is None:
        raise UserError("the thread of vcpu0 has nothing more to do")
    do(h.kvm, action)
