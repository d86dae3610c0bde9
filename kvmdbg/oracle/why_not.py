"""Why not: the decisions that could have flushed a translation and said no."""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw.tlbkey import TlbKey
from kvmdbg.machine.kvm.events import Decided
from kvmdbg.machine.kvm.state import Kvm
from kvmdbg.oracle.index import index_of
from kvmdbg.oracle.verdict import FORBIDDEN, Verdict, judge
from kvmdbg.oracle.why import Link

# kernel functions whose "no" leaves a flush out
REFUSERS: Final = frozenset({"nested_vmx_transition_tlb_flush", "prepare_vmcs02", "load_vmcs12_host_state", "kvm_set_cr3",
                             "vmx_flush_tlb_current", "__vmx_flush_tlb", "vmx_vcpu_load_vmcs"})


def why_not_flush(kvm: Kvm, key: TlbKey, cpu: int = 0, position: int | None = None) -> tuple[Link, ...]:
    """The decisions since the translation became stale (since its fill, while it is fresh) that could have flushed it and did not.

    For a forbidden translation the one that was owed comes first.  position: the cursor by default.
    raises: UserError when it is not cached.
    """
    at = kvm.tape.cursor if position is None else position
    verdict = judge(kvm, index_of(kvm), cpu, key, at)
    decided = refusals(kvm, key, since(verdict), at)
    return (owed(verdict, at), *decided) if verdict.status == FORBIDDEN else decided


def since(verdict: Verdict) -> int:
    """From where on a flush would have helped; tags given away: from the fill."""
    if verdict.made_stale_by is None or verdict.component == "tag":
        return max(verdict.filled_at, 0)
    return verdict.made_stale_by[0]


def refusals(kvm: Kvm, key: TlbKey, start: int, stop: int) -> tuple[Link, ...]:
    """Every decision in `start <= position < stop` that left a flush of the translation out, in order."""
    found = []
    for at, event in kvm.tape.events(start, stop):
        if isinstance(event, Decided) and refused(event, key):
            found.append(Link(at, f"{event.question} {event.answer}: {event.values}", event.function, event.source))
    return tuple(found)


def refused(event: Decided, key: TlbKey) -> bool:
    """Did a decision leave out a flush, or turn it to another context than that of the translation?"""
    if event.function == "vmx_get_current_vpid":
        return event.answer != str(key.vpid)
    if event.function == "fast_pgd_switch":
        return event.answer == "yes"                 # a root that is kept is not loaded, and only a load flushes
    if event.function == "handle_invept":
        return event.answer == "0"
    return event.function in REFUSERS and event.answer.startswith("no")


def owed(verdict: Verdict, position: int) -> Link:
    """The flush that was owed and did not reach the translation."""
    at = verdict.closed_by[0] if verdict.closed_by is not None else min(max(verdict.filled_at, 0), position)
    return Link(at, f"{verdict.owed}() owed a flush, and none reached this translation", verdict.owed, verdict.text)
