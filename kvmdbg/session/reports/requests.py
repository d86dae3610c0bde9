"""The requests of the vCPU that is looked at, in the order in which vcpu_enter_guest() serves them."""

from __future__ import annotations

from kvmdbg.machine.kvm.questions.requests import NO_ACTION, NO_WAKEUP, WAIT
from kvmdbg.machine.kvm.request import REQUESTS, ladder
from kvmdbg.machine.kvm.state import Kvm
from kvmdbg.session.grid import CHANGED, FILLED, GONE, Grid, Row, columns
from kvmdbg.session.report_view import View, current_vcpu, since_last_stop
from kvmdbg.session.reports import report
from kvmdbg.session.tape_index import index_of

COLUMNS = columns("bit>", "request", "since/1", "raised by/2", "order>/3", "flags/4")
NEVER_RAISED = "."
FLAGS = {WAIT: "W", NO_WAKEUP: "NW", NO_ACTION: "NA"}


@report("requests", title="Requests", aliases=("reqs",))
def requests(s: View) -> Grid:
    """The vCPU's requests: the pending ones first, in service order, then the rest that the model serves, then the others.

    * pending, + pending and raised since the last stop, - serviced or cleared since.  since: position at which the bit was
    set.  raised by: the kernel function that asked.  order: place in this kernel's vcpu_enter_guest().  flags: what a
    requester on another processor does (W waits until the vCPU is out of the guest, NW does not wake it).
    """
    vcpu = current_vcpu(s)
    index = index_of(s.tape)
    then = since_last_stop(s).then(vcpu, "requests", vcpu.requests)
    pending, others = [], []
    flags = s.kvm.era.request_flags()
    places = {name: str(place) for place, name in enumerate(ladder(s.kvm.era), 1)}
    for bit, name in in_service_order(s.kvm):
        mask = 1 << bit
        rest = (places.get(name, "-"), " ".join(FLAGS[flag] for flag in flags.get(name, ())))
        if vcpu.requests & mask:
            position = index.requested(vcpu.id, name, s.tape.cursor)
            event = s.tape.event(position) if position is not None else None
            since, by = ("-", "-") if event is None else (f"#{position}", f"{event.by}()")
            new = not then & mask
            pending.append(Row((str(bit), name, since, by, *rest), FILLED if new else CHANGED, name, "added" if new else "changed"))
        else:
            gone = bool(then & mask)
            others.append(Row((str(bit), name, NEVER_RAISED, "", *rest), GONE if gone else "", name, "gone" if gone else "dim"))
    new_ones = sum(row.mark == FILLED for row in pending)
    return Grid(f"Requests of vcpu{vcpu.id}  {len(pending)} pending, {new_ones} new", COLUMNS, (*pending, *others))


def in_service_order(kvm: Kvm) -> list[tuple[int, str]]:
    """(bit, name) of the requests that the model serves, then of those that only the kernel does, each in service order.

    A bit that no ladder looks at comes last (UNBLOCK, say, is for kvm_vcpu_block()).
    """
    bits = kvm.era.request_bits()
    order = {name: place for place, name in enumerate(ladder(kvm.era))}
    names = sorted(bits, key=lambda name: (name not in REQUESTS or name not in order, order.get(name, len(order)), bits[name]))
    return [(bits[name], name) for name in names]
