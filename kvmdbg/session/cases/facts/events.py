"""`pending`, `injected`, `payload`, `triple_fault_pending`: what `get_events` gave user space."""

from __future__ import annotations

from kvmdbg.machine.kvm.kvm_vcpu_events import KvmVcpuEvents
from kvmdbg.machine.kvm.vcpu_events import PendingException
from kvmdbg.session.cases.fact import Observed, key, same_number
from kvmdbg.session.cases.matrix import spell
from kvmdbg.session.cases.model import Value


@key("pending")
def pending(observed: Observed, wanted: Value) -> str:
    """Is the exception pending?"""
    events = read(observed)
    return "no events were read" if events is None else _same(events.pending is not None, wanted)


@key("injected")
def injected(observed: Observed, wanted: Value) -> str:
    """Is it injected already?"""
    events = read(observed)
    return "no events were read" if events is None else _same(events.injected is not None, wanted)


@key("payload")
def payload(observed: Observed, wanted: Value) -> str:
    """What goes with the exception: CR2 of a #PF, the debug status of a #DB."""
    found = exception(observed)
    return "no exception was read" if found is None else same_number(observed, found.address, wanted)


@key("triple_fault_pending")
def triple_fault_pending(observed: Observed, wanted: Value) -> str:
    """Does a triple fault wait?"""
    events = read(observed)
    return "no events were read" if events is None else _same(events.triple_fault, wanted)


def read(observed: Observed) -> KvmVcpuEvents | None:
    """What the step's last operation read; None where it read something else."""
    return observed.last.value if isinstance(observed.last.value, KvmVcpuEvents) else None


def exception(observed: Observed) -> PendingException | None:
    """The exception among it."""
    events = read(observed)
    return None if events is None else events.pending or events.injected


def _same(seen: bool, wanted: Value) -> str:
    return "" if seen is wanted else spell(seen)
