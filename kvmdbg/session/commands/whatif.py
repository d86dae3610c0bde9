"""whatif: another past, beside the present one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from kvmdbg.errors import UserError
from kvmdbg.machine.eras import versions
from kvmdbg.session import whatif as answers
from kvmdbg.session.grid import Grid
from kvmdbg.session.operands import ChoiceOperand, LineOperand
from kvmdbg.session.parse import Candidate, command
from kvmdbg.session.session import Session

SKIP, SKIP_EACH, KERNEL = "skip", "skip-each", "kernel"


class DetailOperand(LineOperand):
    """A kernel for `kernel`, a range of positions for `skip-each`."""

    def __init__(self) -> None:
        super().__init__("KERNEL|RANGE", "a kernel, or positions such as #10..#200")

    def complete(self, session: Session, text: str) -> Iterable[Candidate]:
        words = (*versions.BY_NAME, "start", "end", *session.timeline.bookmarks)
        return [Candidate(word) for word in words if word.startswith(text)]


Question = Annotated[str, ChoiceOperand("QUESTION", SKIP, SKIP_EACH, KERNEL)]
Detail = Annotated[str, DetailOperand()]


@command("whatif", group="machine", recorded=False,
         examples=("whatif skip", "whatif kernel v4.3", "whatif kernel v6.12 -2b4a5a5d5688", "whatif skip-each",
                   "whatif skip-each #100..#900"))
def whatif(s: Session, question: Question, detail: Detail = "") -> Grid:
    """Re-run the session with something changed, and show what differs.  The session itself stays as it is.

    skip: without the next INVVPID or INVEPT of KVM, or the next request, at or after the cursor.  kernel K: on that kernel.
    skip-each [FROM..TO]: without each flush of KVM in turn; lists which of them the session needs, because a forbidden use
    appears or an `expect` fails without it.
    """
    if question == KERNEL:
        if not detail:
            raise UserError("whatif kernel: which kernel?", f"Known: {', '.join(versions.BY_NAME)}.")
        return answers.kernel(s, detail)
    if question == SKIP_EACH:
        return answers.skip_each(s, *positions(s, detail))
    if detail:
        raise UserError(f"whatif skip takes nothing more: {detail!r}", "It leaves out the next effect at or after the cursor.")
    return answers.skip(s)


def positions(s: Session, text: str) -> tuple[int, int]:
    """`#10..#200`, `enter-A..end`, `enter-A` (from there on); "" is the whole tape.  raises: UserError."""
    first, _, last = text.partition("..")
    start = s.timeline.place(first.strip() or "start")
    stop = s.timeline.place(last.strip() or "end")
    if start > stop:
        raise UserError(f"#{start}..#{stop} is empty", "Write the earlier position first.")
    return start, stop
