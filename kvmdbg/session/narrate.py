"""What a motion passed, as `set narrate` wants it told."""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.kvm.state import Kvm
from kvmdbg.session.describe import entry_text, is_brief
from kvmdbg.session.results import Text

TOLD: Final = 200                # lines of one motion; the rest is counted


def narration(kvm: Kvm, how: str, start: int, stop: int) -> Text | None:
    """The entries start <= position < stop in sentences; nothing for a motion backwards.  how: "off", "brief" or "full"."""
    entries = kvm.tape.entries
    told = [] if how == "off" else [at for at in range(start, stop) if how == "full" or is_brief(entries[at])]
    said = [f"#{at} {entry_text(kvm, entries[at])}" for at in told[:TOLD]]
    if len(told) > TOLD:
        said.append(f"... and {len(told) - TOLD} more")
    return Text("\n".join(said), "narration") if said else None
