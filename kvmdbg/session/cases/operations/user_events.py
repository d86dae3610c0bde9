"""`set_events pending=#SS error=0x10`, `get_events`, `immediate_exit=1`, `run`: user space and a vCPU's events."""

from __future__ import annotations

import re
from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.kvm.kvm_vcpu_events import KvmVcpuEvents, told
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.steps import Actor, Operation

USER: Final = ("L0.user", "host")
PENDING: Final = {"triple_fault": "triple_fault=1", "nmi": "nmi_pending=1", "smi": "smi_pending=1"}
FIELD: Final = re.compile(r"(pending|injected)=#?(\w+)|(error|payload|interrupt|nmi_masked)=(\w+)")


@operation("set_events", actors=USER)
def set_events(h: Harness, op: Operation, actor: Actor) -> None:
    """`NAME pending` for what has no number; what is not named stays as it is."""
    words = []
    for part in re.split(r",? (?!pending\b)|, ", op.text.removeprefix("set_events").strip()):
        name, _, pending = part.partition(" ")
        if pending == "pending" and name in PENDING:
            words.append(PENDING[name])
        elif match := FIELD.fullmatch(part):
            words.append(f"{match[1]}={match[2]}" if match[1] else f"{match[3]}={h.binding.number64(match[4]):#x}")
        else:
            raise Unsupported(f"set_events: {part}")
    h.player.host(f"events {' '.join(words)}")


@operation("get_events", actors=USER, at_once=True)
def get_events(h: Harness, op: Operation, actor: Actor) -> KvmVcpuEvents:
    """What user space reads, as a value that facts look at."""
    if op.operands:
        raise Unsupported(f"{op.text}: nothing goes with it")
    h.player.host("events")
    return told(h.kvm, h.vcpu)


@operation("immediate_exit=0", "immediate_exit=1", actors=USER, at_once=True)
def immediate_exit(h: Harness, op: Operation, actor: Actor) -> None:
    """kvm_run->immediate_exit, for the next `run`: the suites' helpers clear it again behind theirs."""
    h.immediate_exit = op.word.endswith("1")


@operation("run", actors=USER, at_once=True)
def run(h: Harness, op: Operation, actor: Actor) -> str | None:
    """KVM_RUN: until the guest waits or user space is asked for something; EINTR where it was told to return at once."""
    if op.operands:
        raise Unsupported(f"{op.text}: nothing goes with it")
    if h.immediate_exit:
        h.immediate_exit = False
        h.player.host("immediate-exit")
        return "EINTR"
    h.player.run()
    return None
