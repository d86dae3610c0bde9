"""Words that the program itself understands, beside the session's commands: they arrange the screen and touch nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from kvmdbg.errors import UserError
from kvmdbg.session.parse import Completion, did_you_mean
from kvmdbg.session.session import Session


class Word(NamedTuple):
    """One word of the screen."""

    name: str
    aliases: tuple[str, ...]
    operand: str               # "pane", "theme" or ""
    optional: bool             # the operand may be left out
    meaning: str


WORDS: Final = (
    Word("layout", ("la",), "pane", False, "show a pane in the middle (all: every pane again)"),
    Word("focus", ("fs",), "pane", False, "give a pane the keys"),
    Word("zoom", (), "pane", True, "this pane alone, or all again"),
    Word("theme", (), "theme", False, "change the colours"),
    Word("refresh", (), "", True, "draw the screen again"),
)


class Said(NamedTuple):
    """A word of the screen with its operand."""

    word: str
    operand: str


class Words:
    """What the command line asks: the session's answers and those of the screen's own words together."""

    def __init__(self, session: Session, operands: dict[str, Callable[[], Sequence[str]]]) -> None:
        self.session = session
        self.operands = operands

    def find(self, line: str) -> Word | None:
        """The word that the line begins with; None when it is the session's business."""
        first = line.split()[:1]
        if not first or self.session.open_block:
            return None
        return next((word for word in WORDS if first[0] == word.name or first[0] in word.aliases), None)

    def read(self, line: str) -> Said | None:
        """The line as a word of the screen, or None.  raises: UserError for a wrong operand."""
        word = self.find(line)
        if word is None:
            return None
        given = line.split()[1:]
        if len(given) > (1 if word.operand else 0):
            raise UserError(f"{word.name}: {' '.join(given[1 if word.operand else 0:])!r} is too much")
        if not word.operand or (not given and word.optional):
            return Said(word.name, "")
        known = tuple(self.operands[word.operand]())
        if not given:
            raise UserError(f"{word.name}: which {word.operand}?", f"One of {', '.join(known)}.")
        found = [name for name in known if name == given[0]] or [name for name in known if name.startswith(given[0])]
        if len(found) != 1:
            hint = did_you_mean(given[0], known) or f"One of {', '.join(known)}."
            raise UserError(f"{word.name}: no {word.operand} {given[0]!r}", hint)
        return Said(word.name, found[0])

    def completions(self, text: str, cursor: int | None = None) -> list[Completion]:
        text = text if cursor is None else text[:cursor]
        found = list(self.session.completions(text))
        start = len(text) - len(text.lstrip())
        if " " not in text.strip() and not text.endswith(" "):
            own = [Completion(word.name, start, word.meaning) for word in WORDS if word.name.startswith(text.strip())]
            return sorted([*found, *own]) if not self.session.open_block else found
        word = self.find(text)
        if word is None or not word.operand:
            return found
        typed = text.split()[1:]
        prefix = typed[0] if typed else ""
        return [Completion(name, len(text) - len(prefix), word.operand) for name in self.operands[word.operand]()
                if name.startswith(prefix)]

    def validate(self, text: str) -> str:
        try:
            return "" if self.read(text) is not None else self.session.validate(text)
        except UserError as wrong:
            return str(wrong)
