"""vcpu (thread), schedule: who runs."""

from __future__ import annotations

from kvmdbg.explore.schedule import next_action
from kvmdbg.machine.actions import why_idle
from kvmdbg.session.grid import CURRENT, Grid, Row, columns
from kvmdbg.session.operands import VcpuId
from kvmdbg.session.parse import command
from kvmdbg.session.results import Text
from kvmdbg.session.session import Session


@command("vcpu", group="motion", aliases=("thread", "t"), examples=("vcpu 0", "vcpu"))
def vcpu(s: Session, number: VcpuId = -1) -> Text:
    """Choose the vCPU that expressions mean and that runs next at the end of the tape; alone, say which it is."""
    if number >= 0:
        s.current_vcpu = number
        s.frame = 0
    return Text(f"[vCPU {s.current_vcpu}: {why_idle(s.kvm, s.kvm.vcpus[s.current_vcpu])}]")


@command("schedule", group="motion", aliases=("sched",), examples=("schedule",), recorded=False)
def schedule(s: Session) -> Grid:
    """Show what each vCPU could do next at the end of the tape."""
    rows = []
    for one in s.kvm.vcpus:
        action = next_action(s.kvm, one.id)
        rows.append(Row((f"vcpu{one.id}", action.name if action else "-", why_idle(s.kvm, one), " ".join(one.todo)),
                        CURRENT if one.id == s.current_vcpu else "", one.id))
    return Grid("Schedule", columns("vcpu", "next", "because", "then/1"), tuple(rows))
