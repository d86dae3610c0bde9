"""diff: what differs between two positions, or two kernels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Any

from kvmdbg.errors import UserError
from kvmdbg.machine.eras import versions
from kvmdbg.machine.hw.tlbkey import TlbKey
from kvmdbg.machine.kvm.events import RequestCleared, RequestMade, RequestServiced
from kvmdbg.session.changes import fold
from kvmdbg.session.describe import cell_name, cell_value
from kvmdbg.session.grid import CHANGED, FILLED, GONE, Grid, Row, columns
from kvmdbg.session.kernel_diff import kernel_diff
from kvmdbg.session.operands import KernelsOperand, Position
from kvmdbg.session.parse import MISSING, Candidate, command, matching
from kvmdbg.session.results import Result
from kvmdbg.session.session import Session
from kvmdbg.tape import ABSENT

REQUESTS = {RequestMade: "made", RequestServiced: "serviced", RequestCleared: "cleared"}


class TwoKernelsOperand(KernelsOperand):
    """`kernel A B` in front; any other word is left for the next operand."""

    whole_line, to_the_end = False, True
    name, describe = "kernel A B", "two kernels (one: against the present one), with bars around one that has commits behind it"

    def take(self, session: Any, text: str) -> tuple[Any, str]:
        word, _, rest = text.partition(" ")
        return (MISSING, text) if word != "kernel" else (self.parse(session, rest.strip()), "")

    def parse(self, session: Any, word: str) -> tuple[str, str]:
        named = versions.several(word)
        if len(named) > 2:
            raise UserError(f"diff kernel: {len(named)} kernels are too many", "Write: diff kernel v4.3 v4.4.")
        return (named[0], named[1]) if len(named) == 2 else (session.kernel, named[0])

    def complete(self, session: Any, text: str) -> Iterable[Candidate]:
        if not text.startswith("kernel "):
            return matching(("kernel",), text)
        named = text.removeprefix("kernel ")
        return [one._replace(start=one.start + len("kernel ")) for one in super().complete(session, named)]


Kernels = Annotated[tuple[str, str] | None, TwoKernelsOperand()]


@command("diff", group="data", examples=("diff #10 #42", "diff before-flush", "diff start end", "diff kernel v4.3 v4.4",
                                         "diff kernel v6.12 | v6.12 -2b4a5a5d5688"), recorded=False)
def diff(s: Session, kernels: Kernels = None, a: Position = -1, b: Position = -1) -> Result:
    """Show what differs from position A to position B (default: the cursor): TLB entries, fields, memory, requests on the way.

    `+` an entry that is there at B only, `-` at A only, `*` a value that changed.  `diff kernel A B` shows what differs between
    two kernels: commits, requests, and the functions of the model that ask what they answer differently, both answers side by
    side as wide as the screen is, or as `set width` says.
    """
    if kernels is not None:
        return kernel_diff(versions.kernel(kernels[0]), versions.kernel(kernels[1]), int(s.settings["width"]) or s.columns)
    if a < 0:
        raise UserError("diff: POSITION is missing: #12, +3, -3, start, end or a bookmark", "Write: diff [POSITION] [POSITION].")
    return differences(s, a, s.tape.cursor if b < 0 else b)


def differences(s: Session, a: int, b: int) -> Grid:
    """What differs from position a to position b."""
    entries = s.tape.entries
    then, now = fold(entries, a, b), fold(entries, b, a)
    rows = [row(s, owner, key, then.then(owner, key, ABSENT), now.then(owner, key, ABSENT)) for owner, key in then.cells()]
    rows.sort(key=lambda one: (one.key[0], one.cells[0]))
    note = requests(s, min(a, b), max(a, b)) or ("" if rows else "Nothing differs.")
    return Grid(f"#{a} -> #{b}", columns("what", "was", "is"), tuple(rows), note)


def row(s: Session, owner: Any, key: Any, was: Any, now: Any) -> Row:
    mark = FILLED if was is ABSENT else GONE if now is ABSENT else CHANGED
    rank = 0 if isinstance(key, TlbKey) else 1 if mark == CHANGED else 2
    return Row((cell_name(s.kvm, owner, key), cell_value(s.kvm, owner, key, was), cell_value(s.kvm, owner, key, now)), mark,
               (rank, cell_name(s.kvm, owner, key)))


def requests(s: Session, start: int, stop: int) -> str:
    """Requests made, serviced and cleared on the way, counted."""
    counts: Counter[str] = Counter()
    for event, what in REQUESTS.items():
        for at in s.timeline.events.between(event, start, stop):
            counts[f"{s.tape.entries[at][2][1]} {what}"] += 1
    said = ", ".join(f"{name} {count}x" if count > 1 else name for name, count in sorted(counts.items()))
    return f"Requests on the way: {said}" if said else ""
