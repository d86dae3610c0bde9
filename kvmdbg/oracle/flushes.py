"""What every flush was worth: who asked for it, what it dropped, and how much of that anybody had to be rid of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from kvmdbg.machine.hw.events import Invalidated, VmEntered, VmExited
from kvmdbg.machine.hw.tlbkey import GUEST_PHYSICAL, LINEAR, TlbKey
from kvmdbg.machine.kvm.events import FlushAsked, RequestCleared, RequestMade, RequestServiced
from kvmdbg.machine.kvm.state import Kvm
from kvmdbg.oracle.index import Index
from kvmdbg.oracle.uses import judge_again
from kvmdbg.oracle.verdict import FORBIDDEN, FRESH, STALE

KVM_EXECUTES: Final = ("invvpid", "invept")
PROCESSOR: Final = "processor"           # requester of what the architecture itself invalidates
NOWHERE: Final = -1
REQUEST_PREFIX: Final = "KVM_REQ_"


class Asker(NamedTuple):
    """On whose behalf KVM flushed; positions NOWHERE where there is no such event."""

    requester: str               # FlushAsked.by ("KVM_REQ_TLB_FLUSH", "root load", "INVVPID emulation", ...), or PROCESSOR
    hook: str                    # the kernel function, "" for the processor's own
    asked_at: int                # of the FlushAsked
    made_at: int                 # of the RequestMade that set the bit
    made_by: str                 # the kernel function that made the request
    serviced_at: int             # of the RequestServiced


class Flush(NamedTuple):
    """One Invalidated event and its worth."""

    position: int
    cpu: int
    by: str                      # as Invalidated
    type: str
    context: str                 # the tags that it names, in words
    asker: Asker
    dropped: int
    fresh: int                   # judged just before the flush
    stale: int
    forbidden: int
    reassigned: int              # of the fresh ones: those whose tags the VM entry that follows gives to another guest context

    @property
    def excess(self) -> bool:
        """Did it drop translations that nobody had to be rid of, and no others?"""
        return self.dropped > 0 and self.fresh == self.dropped and not self.reassigned


BY_NOBODY: Final = Asker(PROCESSOR, "", NOWHERE, NOWHERE, "", NOWHERE)


def flushes(kvm: Kvm, index: Index, start: int = 0, stop: int | None = None) -> Iterator[Flush]:
    """Every flush in `start <= position < stop`, the cursor by default, in order."""
    entries = kvm.tape.entries
    for position in range(start, kvm.tape.cursor if stop is None else stop):
        if entries[position][0] is Invalidated:
            yield worth(kvm, index, position)


def worth(kvm: Kvm, index: Index, position: int) -> Flush:
    """The flush whose Invalidated event is at `position`."""
    event = Invalidated(*kvm.tape.entries[position][2])
    counts = dict.fromkeys((FRESH, STALE, FORBIDDEN), 0)
    reassigned = 0
    for key in event.dropped:
        verdict = judge_again(index, event.cpu, key, position)
        counts[verdict.status] += 1
        reassigned += verdict.status == FRESH and given_away(index, event.cpu, key, position)
    return Flush(position, event.cpu, event.by, event.type, named(event), asker(kvm, position, event), len(event.dropped),
                 counts[FRESH], counts[STALE], counts[FORBIDDEN], reassigned)


def given_away(index: Index, cpu: int, key: TlbKey, position: int) -> bool:
    """Does the next VM entry give the tags of a translation to another guest context than the one it was filled for?"""
    entry = index.contexts.next_entry(cpu, position)
    filled = index.filled_at(cpu, key, position)
    if entry is None or filled < 0 or key.kind == GUEST_PHYSICAL:
        return False
    old, new = index.contexts.at(cpu, filled), index.contexts.at(cpu, entry)
    if old is None or new is None or (new.vpid, new.ep4ta) != (key.vpid, key.ep4ta):
        return False
    if key.kind == LINEAR and (old.level, old.own_pcid) != (new.level, new.own_pcid):
        return True
    return (old.vcpu, old.vpid12, old.ep4ta12) != (new.vcpu, new.vpid12, new.ep4ta12)


def named(event: Invalidated) -> str:
    """"vpid 2 address 800000", "ep4ta 100015", "everything": addresses and EP4TAs in hexadecimal."""
    parts = [f"vpid {event.vpid}" if event.vpid >= 0 else "", f"pcid {event.pcid}" if event.pcid >= 0 else "",
             f"ep4ta {event.ep4ta:x}" if event.ep4ta >= 0 else "", f"address {event.address:x}" if event.address >= 0 else ""]
    return " ".join(part for part in parts if part) or "everything"


def asker(kvm: Kvm, position: int, event: Invalidated) -> Asker:
    """Who asked: the FlushAsked of the same stay in KVM, and the request that it served."""
    if event.by not in KVM_EXECUTES:
        return BY_NOBODY
    entries = kvm.tape.entries
    for at in range(position - 1, -1, -1):
        owner, _, args, _ = entries[at]
        if owner in (VmEntered, VmExited):
            break
        if owner is FlushAsked:
            asked = FlushAsked(*args)
            if not asked.by.startswith(REQUEST_PREFIX):
                return Asker(asked.by, asked.hook, at, NOWHERE, "", NOWHERE)
            serviced, made, made_by = request_before(kvm, at, asked.vcpu, asked.by.removeprefix(REQUEST_PREFIX))
            return Asker(asked.by, asked.hook, at, made, made_by, serviced)
    return BY_NOBODY


def request_before(kvm: Kvm, position: int, vcpu: int, name: str) -> tuple[int, int, str]:
    """(serviced at, made at, made by) of the request that is being served at `position`."""
    serviced = last_event(kvm, position, RequestServiced, (vcpu, name))
    if serviced == NOWHERE:
        return NOWHERE, NOWHERE, ""
    made, by = request_made(kvm, serviced, vcpu, name)
    return serviced, made, by


def last_event(kvm: Kvm, position: int, kind: type, first_fields: tuple[object, ...]) -> int:
    """Position of the last event of a kind before `position` that begins with these values; NOWHERE when there is none."""
    entries = kvm.tape.entries
    for at in range(position - 1, -1, -1):
        if entries[at][0] is kind and entries[at][2][:len(first_fields)] == first_fields:
            return at
    return NOWHERE


def request_made(kvm: Kvm, position: int, vcpu: int, name: str) -> tuple[int, str]:
    """(position, kernel function) of the RequestMade that set the bit which is set as of `position`; (NOWHERE, "") if it is clear.

    Later ones that found the bit set added nothing.
    """
    found: tuple[int, str] = (NOWHERE, "")
    entries = kvm.tape.entries
    for at in range(position - 1, -1, -1):
        owner, _, args, _ = entries[at]
        if owner in (RequestServiced, RequestCleared) and args[:2] == (vcpu, name):
            break
        if owner is RequestMade and args[:2] == (vcpu, name):
            found = at, str(args[2])
    return found
