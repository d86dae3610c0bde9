"""The tape as a person sees it: actions and edits one after the other, a cursor, bookmarks, undo and redo.

Every entry of the tape belongs to one mark: an action of a vCPU, or an edit (`inject`, `map`, `poke`, ...).  An edit is
made at the border between two marks; it cuts off what was ahead and keeps it, so that `undo` brings it back and `redo`
brings the edit back.  Pieces are cut and pasted, never executed again.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from kvmdbg.errors import UserError
from kvmdbg.explore.schedule import next_action
from kvmdbg.machine.actions import do
from kvmdbg.machine.kvm.state import Kvm
from kvmdbg.session.judged import self_check
from kvmdbg.tape import Entry, Piece, Tape


class ActionMark(NamedTuple):
    """One action or one edit on the tape: the entries start <= position < end."""

    start: int
    end: int
    vcpu: int
    name: str            # the action's name, or the word that edited
    text: str            # "vcpu0 vmenter", or the edit as it was typed
    edit: bool


class Branch(NamedTuple):
    """What was cut off behind a position."""

    piece: Piece
    marks: tuple[ActionMark, ...]


@dataclass(slots=True)
class Edit:
    """One change by a person: where it begins, what it cut off, what it said."""

    start: int
    future: Branch
    text: str


class Undone(NamedTuple):
    """An edit with all that followed it, taken back."""

    edit: Edit
    branch: Branch
    cursor: int


class Interval(NamedTuple):
    """A named stretch of the tape that is counted by itself.  stop: -1 while it has not ended."""

    name: str
    start: int
    stop: int


class Timeline:
    """Marks over the tape of one machine."""

    def __init__(self, kvm: Kvm) -> None:
        self.kvm = kvm
        self.tape: Tape = kvm.tape
        self.marks: list[ActionMark] = []
        self.bookmarks: dict[str, int] = {}
        self.intervals: list[Interval] = []
        self.seen = -1                      # a stop has shown the entry at this position: moving on does not stop at it again
        self.edits: list[Edit] = []
        self.undone: list[Undone] = []
        self.events = EventIndex(self.tape)

    # -- running ---------------------------------------------------------------------------------------------------

    def run(self, vcpu: int) -> bool:
        """Do the vCPU's next action at the end of the tape; False when it cannot run.  The cursor moves to the new end.

        raises: Unsupported when the machine lacks what the action needs, ModelBug when the processor broke a rule of the
        manual; nothing has changed then.
        """
        action = next_action(self.kvm, vcpu)
        if action is None:
            return False
        start = self.tape.end
        try:
            do(self.kvm, action)
            self_check(self.kvm, start, self.tape.end)
        except BaseException:                    # an interrupt too: an action happens whole or not at all
            self.tape.seek(start)
            self.tape.cut()
            raise
        if self.tape.end == start:
            return False
        self.marks.append(ActionMark(start, self.tape.end, vcpu, action.name, f"vcpu{vcpu} {action.name}", False))
        return True

    def mark_at(self, position: int) -> ActionMark | None:
        """The action or edit that made the entry at `position`; None at the end."""
        at = bisect_right(self.marks, position, key=_start) - 1
        return self.marks[at] if at >= 0 and position < self.marks[at].end else None

    def at_border(self, position: int) -> bool:
        """Does `position` lie between two actions (or at the start, or at the end)?"""
        mark = self.mark_at(position)
        return mark is None or mark.start == position

    def marks_between(self, start: int, stop: int) -> list[ActionMark]:
        """The marks that begin at start <= position < stop."""
        return self.marks[bisect_left(self.marks, start, key=_start):bisect_left(self.marks, stop, key=_start)]

    # -- editing ---------------------------------------------------------------------------------------------------

    def require_border(self, what: str) -> None:
        """raises: UserError in the middle of an action, with the ways out."""
        cursor = self.tape.cursor
        mark = self.mark_at(cursor)
        if mark is not None and mark.start != cursor:
            raise UserError(f"cannot {what} at #{cursor}, in the middle of {mark.text}",
                            f'Go out with "finish" (it ends at #{mark.end}) or "reverse-finish" (it began at #{mark.start}).')

    def edit(self, word: str, text: str, change: Callable[[], None], vcpu: int = 0) -> bool:
        """Change the machine at the cursor, as one entry that can be undone; False when nothing changed.

        What was ahead is cut off and kept.  When `change` raises, everything is as it was.
        """
        self.require_border(word)
        start = self.tape.cursor
        future = self._cut()
        try:
            change()
        except BaseException:
            self._restore(start, future)
            raise
        if self.tape.end == start:
            self._restore(start, future)
            return False
        self.marks.append(ActionMark(start, self.tape.end, vcpu, word, text, True))
        self.edits.append(Edit(start, future, text))
        self.undone.clear()
        self.seen = -1
        return True

    def cut_at(self, position: int) -> None:
        """Forget what lies behind a border."""
        self.tape.seek(position)
        self._cut()

    def give_up_edit(self) -> None:
        """Forget the last edit as if it had never been made (the command that made it failed later)."""
        edit = self.edits.pop()
        self.tape.seek(edit.start)
        self._cut()
        self._paste(edit.future)
        self.tape.seek(edit.start)

    def undo(self) -> str:
        """Take the last edit back, and all that followed it; what it had cut off is back.  Its text.

        raises: UserError when there is nothing to undo.
        """
        if not self.edits:
            raise UserError("nothing to undo", "Only what changes the machine can be undone; stepping goes back with reverse-step.")
        edit = self.edits.pop()
        cursor = self.tape.cursor
        self.tape.seek(edit.start)
        self.undone.append(Undone(edit, self._cut(), cursor))
        self._paste(edit.future)
        self.tape.seek(edit.start)
        self.seen = -1
        return edit.text

    def redo(self) -> str:
        """Bring the edit that was undone last back, with all that followed it, and the cursor.  Its text."""
        if not self.undone:
            raise UserError("nothing to redo")
        edit, branch, cursor = self.undone.pop()
        self.tape.seek(edit.start)
        edit.future = self._cut()
        self._paste(branch)
        self.tape.seek(cursor)
        self.edits.append(edit)
        self.seen = -1
        return edit.text

    def _restore(self, start: int, future: Branch) -> None:
        self.tape.seek(start)
        self._cut()
        self._paste(future)
        self.tape.seek(start)

    def _cut(self) -> Branch:
        cursor = self.tape.cursor
        at = bisect_left(self.marks, cursor, key=_start)
        marks = tuple(self.marks[at:])
        del self.marks[at:]
        return Branch(self.tape.cut(), marks)

    def _paste(self, branch: Branch) -> None:
        self.tape.paste(branch.piece)
        self.marks.extend(branch.marks)

    # -- intervals -------------------------------------------------------------------------------------------------

    def begin_interval(self, name: str, at: int) -> None:
        """Begin a named stretch."""
        self.intervals.append(Interval(name, at, -1))

    def end_interval(self, at: int) -> None:
        """End the stretch that has begun."""
        self.intervals[-1] = self.intervals[-1]._replace(stop=at)

    # -- places ----------------------------------------------------------------------------------------------------

    def place(self, text: str) -> int:
        """A position as typed: `12`, `#12`, `+3`, `-3` (from the cursor), `start`, `end`, or a bookmark.

        raises: UserError for one that is not on the tape.
        """
        cursor, end = self.tape.cursor, self.tape.end
        if text in ("start", "end"):
            return 0 if text == "start" else end
        digits = text.removeprefix("#")
        if digits.isdigit():
            position = int(digits)
        elif text[0] in "+-" and text[1:].isdigit():
            position = cursor + int(text)
        elif text in self.bookmarks:
            position = self.bookmarks[text]
        else:
            raise UserError(f"{text!r} is no position", "Write #12, +3, -3, start, end or a bookmark.")
        if not 0 <= position <= end:
            raise UserError(f"#{position} is not on the tape", f"It reaches from #0 to #{end}.")
        return position


class EventIndex:
    """Positions of events by type, ascending; every entry is read once, and all again when what was read has been cut off."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self._found: dict[Any, list[int]] = {}
        self._read = 0
        self._last: Entry | None = None

    def positions(self, event: Any) -> list[int]:
        """Where events of that type lie on the whole tape."""
        entries = self._tape.entries
        if self._read and (self._read > len(entries) or entries[self._read - 1] is not self._last):
            self._found, self._read = {}, 0
        for position in range(self._read, len(entries)):
            if entries[position][1] is None:
                self._found.setdefault(entries[position][0], []).append(position)
        if entries:
            self._read, self._last = len(entries), entries[-1]
        return self._found.get(event, [])

    def between(self, event: Any, start: int, stop: int) -> Iterator[int]:
        """Those at start <= position < stop."""
        positions = self.positions(event)
        return iter(positions[bisect_left(positions, start):bisect_left(positions, stop)])


def _start(mark: ActionMark) -> int:
    return mark.start
