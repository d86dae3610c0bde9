"""KVM's own statistics, under the kernel's names."""

from __future__ import annotations

from kvmdbg.session.grid import CHANGED, Grid, Row, columns
from kvmdbg.session.report_view import View, since_last_stop
from kvmdbg.session.reports import report
from kvmdbg.tape import ABSENT


@report("stats", title="Statistics", aliases=("statistics",))
def stats(s: View) -> Grid:
    """KVM's counters of the VM and of each vCPU; * changed since the last stop, with the old value."""
    table, changed = s.kvm.stats, since_last_stop(s)
    rows = []
    for (vcpu, name), value in table.items():
        old = changed.then(table, (vcpu, name), value)
        differs = changed.has(table, (vcpu, name))
        was = "0" if old is ABSENT else str(old)
        rows.append(Row(("VM" if vcpu < 0 else f"vcpu{vcpu}", name, str(value), was if differs else ""), CHANGED if differs else "",
                        (vcpu, name), "changed" if differs else ""))
    note = "" if rows else "Nothing counted so far."
    return Grid("Statistics", columns("of", "statistic", "value>", "was>/1"), tuple(rows), note)
