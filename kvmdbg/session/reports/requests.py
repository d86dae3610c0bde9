"""The requests of the vCPU that is looked at, in the order in which vcpu_enter_guest() serves them."""

from __future__ import annotations

from kvmdbg.machine.kvm.request import ladder
from kvmdbg.machine.kvm.state import Kvm
from kvmdbg.session.grid import CHANGED, FILLED, GONE, Grid, Row, columns
from kvmdbg.session.report_view import View, current_vcpu, since_last_stop
from kvmdbg.session.reports import report
from kvmdbg.session.tape_index import index_of

COLUMNS = columns("bit>", "request", "since/1", "raised by/2")
NEVER_RAISED = "."


@report("requests", title="Requests", aliases=("reqs",))
def requests(s: View) -> Grid:
    """The vCPU's requests: the pending ones first, in service order, then the rest of the ladder.

    * pending, + pending and raised since the last stop, - serviced or cleared since.  since: position at which the bit was
    set.  raised by: the kernel function that asked.
    """
    vcpu = current_vcpu(s)
    index = index_of(s.tape)
    then = since_last_stop(s).then(vcpu, "requests", vcpu.requests)
    pending, others = [], []
    for bit, name in in_service_order(s.kvm):
        mask = 1 << bit
        if vcpu.requests & mask:
            position = index.requested(vcpu.id, name, s.tape.cursor)
            event = s.tape.event(position) if position is not None else None
            since, by = ("-", "-") if event is None else (f"#{position}", f"{event.by}()")
            new = not then & mask
            pending.append(Row((str(bit), name, since, by), FILLED if new else CHANGED, name, "added" if new else "changed"))
        else:
            gone = bool(then & mask)
            others.append(Row((str(bit), name, NEVER_RAISED, ""), GONE if gone else "", name, "gone" if gone else "dim"))
    new_ones = sum(row.mark == FILLED for row in pending)
    return Grid(f"Requests of vcpu{vcpu.id}  {len(pending)} pending, {new_ones} new", COLUMNS, (*pending, *others))


def in_service_order(kvm: Kvm) -> list[tuple[int, str]]:
    """(bit, name) of the requests that this kernel has and the model serves, then of any other bit that is set."""
    bits = kvm.era.request_bits()
    served = [(bits[request.name], request.name) for request in ladder() if request.name in bits]
    anywhere = 0
    for vcpu in kvm.vcpus:
        anywhere |= vcpu.requests
    known = {bit for bit, _ in served}
    return served + sorted((bit, name) for name, bit in bits.items() if anywhere >> bit & 1 and bit not in known)
