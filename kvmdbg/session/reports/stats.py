"""KVM's own statistics, under the kernel's names."""

from __future__ import annotations

from kvmdbg.machine.kvm.questions.statistics import OF_A_VCPU, OF_THE_VM
from kvmdbg.machine.kvm.state import Kvm
from kvmdbg.session.grid import CHANGED, Grid, Row, columns
from kvmdbg.session.report_view import View, since_last_stop
from kvmdbg.session.reports import report
from kvmdbg.tape import ABSENT


@report("stats", title="Statistics", aliases=("statistics",))
def stats(s: View) -> Grid:
    """KVM's counters of the VM and of each vCPU, those that this kernel has; * changed since the last stop, with the old value."""
    table, changed = s.kvm.stats, since_last_stop(s)
    rows = []
    for vcpu, name in listed(s.kvm):
        value = table.get((vcpu, name), 0)
        old = changed.then(table, (vcpu, name), value)
        differs = changed.has(table, (vcpu, name))
        was = "0" if old is ABSENT else str(old)
        rows.append(Row(("VM" if vcpu < 0 else f"vcpu{vcpu}", name, str(value), was if differs else ""), CHANGED if differs else "",
                        (vcpu, name), "changed" if differs else ""))
    note = "" if len(table) else "Nothing counted so far."
    return Grid("Statistics", columns("of", "statistic", "value>", "was>/1"), tuple(rows), note)


def listed(kvm: Kvm) -> list[tuple[int, str]]:
    """(vCPU or -1 for the VM, name) of each statistic that the kernel has and the model counts."""
    names = [(-1, name) for name in OF_THE_VM] + [(vcpu.id, name) for vcpu in kvm.vcpus for name in OF_A_VCPU]
    return [(owner, called) for owner, name in names if (called := kvm.era.statistic_name(name))]
