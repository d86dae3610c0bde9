"""The vCPUs: who runs, at which level, under which tags."""

from __future__ import annotations

from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.interrupts import halted
from kvmdbg.machine.kvm.code import next_insn
from kvmdbg.machine.kvm.state import Kvm, Vcpu, level_of
from kvmdbg.machine.kvm.vcpu_events import NO_TIMER, NOT_INJECTED
from kvmdbg.session.grid import CHANGED, CURRENT, Grid, Row, columns
from kvmdbg.session.report_view import View, current_vpid, hexadecimal, in_guest, loaded_field, runs, since_last_stop
from kvmdbg.session.reports import report

COLUMNS = columns("id>", "runs", "guest/4", "mode/3", "cpu>", "vpid01>/1", "vpid02>/1", "VPID>", "eptp>/2", "rip>/5", "cr3>/2",
                  "pending/1", "next/1")


@report("vcpus", title="vCPUs", aliases=("threads",))
def vcpus(s: View) -> Grid:
    """Every vCPU: the level that runs, its mode, its processor, its VPIDs and EPT pointer, and what it does next.

    runs: the level whose software executes (L0 outside the guest).  guest: the level that is its guest.  VPID: the tag of
    what its guest caches.  pending: what waits for an instruction boundary or the next VM entry: vectors (irq), NMIs, what is
    being injected (inject), L2's preemption timer; behind the processor's name, what waits there.  Addresses are hexadecimal.
    """
    changed = since_last_stop(s)
    rows = []
    for vcpu in s.kvm.vcpus:
        touched = changed.touched(vcpu) or changed.touched(s.kvm.events(vcpu))
        mark = CURRENT if vcpu.id == s.current_vcpu else CHANGED if touched else ""
        rows.append(Row(cells(s.kvm, vcpu), mark, vcpu.id, "changed" if touched else ""))
    return Grid("vCPUs", COLUMNS, tuple(rows))


def cells(kvm: Kvm, vcpu: Vcpu) -> tuple[str, ...]:
    inside = in_guest(kvm, vcpu)
    cpu = kvm.cpu(vcpu) if inside else None
    rip, cr3, eptp = ((cpu.rip, cpu.cr3, cpu.eptp) if cpu is not None else
                      tuple(loaded_field(kvm, vcpu, field) for field in (F.GUEST_RIP, F.GUEST_CR3, F.EPT_POINTER)))
    return (str(vcpu.id), runs(kvm, vcpu), f"L{level_of(vcpu)}", vcpu.mode, hexadecimal(vcpu.cpu), str(vcpu.vpid), str(vcpu.vpid02),
            str(current_vpid(kvm, vcpu)), hexadecimal(eptp, 0), hexadecimal(rip), hexadecimal(cr3),
            pending(kvm, vcpu), next_act(kvm, vcpu, inside))


def pending(kvm: Kvm, vcpu: Vcpu) -> str:
    """ "irq 0x20, NMI, inject 0x80; cpu0: irq 0xf2": what waits for the vCPU, then at its processor; "" when nothing does."""
    events = kvm.events(vcpu)
    fault = vcpu.exception
    waits = [*vectors(events.irr), *["NMI"] * bool(events.nmi_queued or events.nmi_pending), *["SMI"] * vcpu.smi_pending,
             *([fault.vector] if fault is not None else ()),
             *([f"inject {events.injected.info & 0xFF:#x}"] if events.injected != NOT_INJECTED else ()),
             *["MTF"] * events.mtf_pending, *([f"timer {events.timer}"] if events.timer != NO_TIMER else ()),
             *["exit at once"] * events.immediate_exit]
    said = [", ".join(waits)] if waits else []
    if vcpu.cpu >= 0:
        there = kvm.hw.pending[vcpu.cpu]
        waits = [*vectors(there.irr), *["NMI"] * there.nmi, *["MTF"] * there.mtf,
                 *([f"timer {there.timer}"] if there.timer != NO_TIMER else ()), *["#DB"] * bool(there.debug)]
        said += [f"cpu{vcpu.cpu}: {', '.join(waits)}"] if waits else []
    return "; ".join(said)


def vectors(irr: int) -> list[str]:
    """The vectors of a local APIC, the one that comes first in front."""
    return [f"irq {vector:#x}" for vector in range(irr.bit_length() - 1, -1, -1) if irr >> vector & 1]


def next_act(kvm: Kvm, vcpu: Vcpu, inside: bool) -> str:
    """What this vCPU's thread does next: an instruction of its guest, an action of KVM, or why nothing."""
    if vcpu.exit_to_user:
        return f"left to user space: {vcpu.exit_to_user}"
    if vcpu.mp_state != "RUNNABLE":
        return vcpu.mp_state
    if inside and halted(kvm.cpu(vcpu)):
        return "HLT: waits for an event"
    if inside:
        return next_insn(kvm, vcpu).text or "waits for an instruction"
    return vcpu.todo[0] if vcpu.todo else "-"
