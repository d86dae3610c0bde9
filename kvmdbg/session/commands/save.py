"""save: the present state as plain text."""

from __future__ import annotations

from kvmdbg.session.operands import File
from kvmdbg.session.parse import command
from kvmdbg.session.results import Text
from kvmdbg.session.saved.state_file import state_text
from kvmdbg.session.session import Session


@command("save", group="session", examples=("save", "save before.state"), recorded=False)
def save(s: Session, file: File = "") -> Text:
    """Write the present state to a file, or show it: registers, VMCSs, memory, TLBs, all that KVM knows, the guest's program.

    `load state FILE` goes on from there, on the same kernel and hardware.  How the machine came to it is not in the file: `record`
    writes that.
    """
    s.timeline.require_border("save")
    text = state_text(s.kvm, s.machine_words())
    if not file:
        return Text(text.rstrip("\n"))
    s.write_file(file, text)
    return Text(f"the state at #{s.tape.cursor} written to {file}, digest {s.tape.digest()}")
