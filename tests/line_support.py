"""What tests of the command line share: a line with a history, and hands that type into it."""

from __future__ import annotations

from typing import NamedTuple

from prompt_toolkit.lexers import PygmentsLexer

from kvmdbg.ui.promptkit import lexer_class, make_history
from kvmdbg.ui.tui.command_line import CommandLine
from kvmdbg.ui.tui.line_editor import EDITED
from kvmdbg.ui.tui.skin import Skin

WORDS = ("step", "stepi", "goto", "inject", "info")


class Proposed(NamedTuple):
    text: str
    start: int
    meaning: str


class Speaker:
    """Completes the first word."""

    def completions(self, text: str, cursor: int | None = None) -> list[Proposed]:
        typed = text[:cursor]
        return [] if " " in typed else [Proposed(w, 0, f"does {w}") for w in WORDS if w.startswith(typed)]

    def validate(self, text: str) -> str:
        return "" if text.split()[0] in WORDS else "Undefined command."


def make_line() -> CommandLine:
    """A command line that has the keys, and a history of three lines."""
    history = make_history(None)
    for text in ("inject vcpu0 invvpid single-context 9", "goto #12", "step 3"):
        history.append_string(text)
    command_line = CommandLine(Speaker(), history, PygmentsLexer(lexer_class(WORDS)), Skin())
    command_line.activate(True)
    return command_line


NAMES = {" ": "space", "#": "number_sign", ".": "full_stop", "-": "minus"}


def type_in(line: CommandLine, text: str) -> None:
    for letter in text:
        assert line.key(NAMES.get(letter, letter), letter).kind == EDITED


def press(line: CommandLine, *keys: str) -> None:
    for key in keys:
        line.key(key, None)
