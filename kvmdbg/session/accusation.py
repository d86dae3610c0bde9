"""What a stop before a stale or forbidden use says: what is used, and how it came to be wrong."""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw.events import Hit
from kvmdbg.machine.hw.tlbkey import TlbKey
from kvmdbg.machine.kvm.state import Kvm
from kvmdbg.oracle.components import EPT12, GUEST, HOST, TAG
from kvmdbg.oracle.index import Index, index_of
from kvmdbg.oracle.verdict import FORBIDDEN, Verdict
from kvmdbg.session.describe import entry_text, key_text
from kvmdbg.session.judged import judged_of

TABLES: Final = {GUEST: "the page tables of {owner}", EPT12: "EPT12, which is L1's", HOST: "KVM's own EPT"}
INDENT: Final = "  "


def accusation(kvm: Kvm, position: int) -> str:
    """The use at `position`, whose verdict is not fresh, in several lines.

    Which translation, filled when and by whom, made wrong by which write of which level, the invalidation that ended its
    window, and the kernel function that owed the flush.
    """
    verdict = judged_of(kvm).verdict(position)
    assert verdict is not None
    hit, index = Hit(*kvm.tape.entries[position][2]), index_of(kvm)
    user = index.contexts.at(hit.cpu, position)
    head = f"{verdict.status.capitalize()}: {user.name if user else 'the guest'} is about to use {key_text(hit.key)}"
    return "\n".join([head, *(INDENT + line for line in history(kvm, index, hit.cpu, hit.key, verdict))])


def history(kvm: Kvm, index: Index, cpu: int, key: TlbKey, verdict: Verdict) -> list[str]:
    """How a translation came to be wrong, a line for each event, in order."""
    return [filled(index, cpu, verdict), *made_wrong(kvm, verdict), *window(verdict)]


def filled(index: Index, cpu: int, verdict: Verdict) -> str:
    if verdict.filled_at < 0:
        return "filled before the tape began"
    by = index.contexts.at(cpu, verdict.filled_at)
    return f"filled at #{verdict.filled_at}" + (f" by {by.name}" if by is not None else "")


def made_wrong(kvm: Kvm, verdict: Verdict) -> list[str]:
    """Since when it differs, and from what."""
    if verdict.made_stale_by is None:
        return [verdict.text]
    position, level = verdict.made_stale_by
    if verdict.component == TAG:
        return [f"its tags were given away at #{position}: {verdict.text}"]
    tables = TABLES[verdict.component].format(owner=verdict.owner)
    return [f"made stale at #{position} by {level}, in {tables}: {entry_text(kvm, kvm.tape.entries[position])}"]


def window(verdict: Verdict) -> list[str]:
    """Who has not done what: the level itself, or somebody below it.  Nothing where the lines before say it all."""
    if verdict.component == TAG:
        return []
    if verdict.closed_by is None:
        return [f"{verdict.owed}() owed a flush" if verdict.status == FORBIDDEN else "allowed: nobody has invalidated it since"]
    position, what = verdict.closed_by
    if verdict.status == FORBIDDEN:
        return [f"its window ended at #{position} with {what}; {verdict.owed}() owed the flush"]
    return [f"allowed: {what} at #{position} asks for it to go, and {verdict.owed}() has until the next VM entry"]
