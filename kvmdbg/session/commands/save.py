"""save: the present state as plain text."""

from __future__ import annotations

from typing import Annotated, Final

from kvmdbg.session.operands import ChoiceOperand, File
from kvmdbg.session.parse import command
from kvmdbg.session.results import Text
from kvmdbg.session.session import Session

HISTORY: Final = "history"


class HistoryOperand(ChoiceOperand):
    """The word in front of a file's name, which may begin with a slash."""

    path = True


WithHistory = Annotated[str, HistoryOperand(HISTORY, HISTORY, in_front=True)]


@command("save", group="session", examples=("save", "save before.state", "save history all.state"), recorded=False)
def save(s: Session, history: WithHistory = "", file: File = "") -> Text:
    """Write the present state to a file, or show it: registers, VMCSs, memory, TLBs, all that KVM knows, the guest's program.

    `load state FILE` goes on from there, on the same kernel and hardware.  How the machine came to it is not in the file, but with
    `history`: then all that happened is there as well, to go back to, and what lies ahead.  `record` writes what was said.
    """
    from kvmdbg.session.saved.history import history_lines  # read when something is saved: other sessions start sooner
    from kvmdbg.session.saved.state_file import state_text

    if not history:
        s.timeline.require_border("save")
    text = state_text(s.kvm, s.machine_words())
    if history:
        text += "\n".join(history_lines(s.timeline, s.stop_position_before)) + "\n"
    if not file:
        return Text(text.rstrip("\n"))
    s.write_file(file, text)
    return Text(f"the state at #{s.tape.cursor} written to {file}, digest {s.tape.digest()}")
