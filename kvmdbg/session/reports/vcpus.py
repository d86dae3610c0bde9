"""The vCPUs: who runs, at which level, under which tags."""

from __future__ import annotations

from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm.state import Kvm, Vcpu, level_of
from kvmdbg.session.grid import CHANGED, CURRENT, Grid, Row, columns
from kvmdbg.session.report_view import View, current_vpid, hexadecimal, in_guest, loaded_field, runs, since_last_stop
from kvmdbg.session.reports import report

COLUMNS = columns("id>", "runs", "guest/4", "mode/3", "cpu>", "vpid01>/1", "vpid02>/1", "VPID>", "eptp>/2", "rip>/5", "cr3>/2",
                  "next/1")


@report("vcpus", title="vCPUs", aliases=("threads",))
def vcpus(s: View) -> Grid:
    """Every vCPU: the level that runs, its mode, its processor, its VPIDs and EPT pointer, and what it does next.

    runs: the level whose software executes (L0 outside the guest).  guest: the level that is its guest.  VPID: the tag of
    what its guest caches.  Addresses are hexadecimal.
    """
    changed = since_last_stop(s)
    rows = []
    for vcpu in s.kvm.vcpus:
        mark = CURRENT if vcpu.id == s.current_vcpu else CHANGED if changed.touched(vcpu) else ""
        rows.append(Row(cells(s.kvm, vcpu), mark, vcpu.id, "changed" if changed.touched(vcpu) else ""))
    return Grid("vCPUs", COLUMNS, tuple(rows))


def cells(kvm: Kvm, vcpu: Vcpu) -> tuple[str, ...]:
    inside = in_guest(kvm, vcpu)
    cpu = kvm.cpu(vcpu) if inside else None
    rip, cr3, eptp = ((cpu.rip, cpu.cr3, cpu.eptp) if cpu is not None else
                      tuple(loaded_field(kvm, vcpu, field) for field in (F.GUEST_RIP, F.GUEST_CR3, F.EPT_POINTER)))
    return (str(vcpu.id), runs(kvm, vcpu), f"L{level_of(vcpu)}", vcpu.mode, hexadecimal(vcpu.cpu), str(vcpu.vpid), str(vcpu.vpid02),
            str(current_vpid(kvm, vcpu)), hexadecimal(eptp, 0), hexadecimal(rip), hexadecimal(cr3), next_act(vcpu, inside))


def next_act(vcpu: Vcpu, inside: bool) -> str:
    """What this vCPU's thread does next: an instruction of its guest, an action of KVM, or why nothing."""
    if vcpu.exit_to_user:
        return f"left to user space: {vcpu.exit_to_user}"
    if vcpu.mp_state != "RUNNABLE":
        return vcpu.mp_state
    if inside:
        return vcpu.program[0].text if vcpu.program else "waits for an instruction"
    return vcpu.todo[0] if vcpu.todo else "-"
