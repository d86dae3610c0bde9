"""The objects of prompt_toolkit that the REPL and the TUI's command line share: completer, validator, history, lexer, style.

They are plain objects: no application, no event loop, no terminal.  All they know they ask the session.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

from prompt_toolkit.auto_suggest import AutoSuggest, AutoSuggestFromHistory
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.history import History
from prompt_toolkit.lexers import PygmentsLexer
from prompt_toolkit.styles import Style
from prompt_toolkit.validation import ValidationError, Validator
from pygments.lexer import RegexLexer, words
from pygments.token import Comment, Error, Keyword, Name, Number, Operator, String, Text

from kvmdbg.ui.themes import Palette

HISTORY_LINES: Final = 2000      # what is kept of the file
LEVELS: Final = ("L1", "L2", "ept12", "vcpu", "cpu", "if")


class Proposal(Protocol):
    """One completion of the session."""

    @property
    def text(self) -> str: ...
    @property
    def start(self) -> int: ...
    @property
    def meaning(self) -> str: ...


class Speaker(Protocol):
    """The part of a session that a prompt needs."""

    def completions(self, text: str, cursor: int | None = None) -> Sequence[Any]: ...
    def validate(self, text: str) -> str: ...


class KvmdbgCompleter(Completer):
    """What the session proposes at the cursor, with meanings."""

    def __init__(self, session: Speaker) -> None:
        self.session = session

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        for proposal in self.session.completions(document.text, document.cursor_position):
            yield Completion(proposal.text, start_position=proposal.start - document.cursor_position, display_meta=proposal.meaning)


class KvmdbgValidator(Validator):
    """Refuses a line that the session could not even read; an empty line is fine."""

    def __init__(self, session: Speaker) -> None:
        self.session = session

    def validate(self, document: Document) -> None:
        message = self.session.validate(document.text) if document.text.strip() else ""
        if message:
            raise ValidationError(len(document.text), message)


class LineHistory(History):
    """Lines typed so far, newest last, in memory and (with a path) in a plain text file shared by all faces.

    Append only, one line a line, so two sessions interleave safely.  A file that cannot be read or written is no error:
    history is a comfort.
    """

    def __init__(self, path: Path | None = None) -> None:
        super().__init__()
        self.path = path
        self._loaded_strings = list(self.load_history_strings())
        self._loaded = True

    def load_history_strings(self) -> Iterable[str]:
        """Newest first."""
        if self.path is None:
            return []
        try:
            lines = self.path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return []
        return [line for line in reversed(lines[-HISTORY_LINES:]) if line.strip()]

    def append_string(self, string: str) -> None:
        """Remember a line, unless it is blank or repeats the one before."""
        if string.strip() and string != next(iter(self._loaded_strings), None):
            super().append_string(string)

    def store_string(self, string: str) -> None:
        if self.path is None:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as file:
                file.write(string.replace("\n", " ") + "\n")
        except OSError:
            self.path = None


def history_path() -> Path | None:
    """Where the history lives: $KVMDBG_HISTORY, or the user's state directory; an empty variable means nowhere."""
    named = os.environ.get("KVMDBG_HISTORY")
    if named is not None:
        return Path(named) if named else None
    state = os.environ.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local" / "state") / "kvmdbg" / "history"


def make_history(path: Path | None) -> LineHistory:
    """A history kept in `path`, or in memory only when it is None."""
    return LineHistory(path)


def make_auto_suggest() -> AutoSuggest:
    """The grey rest of the line: the newest line of the history that starts like this one."""
    return AutoSuggestFromHistory()


def command_words() -> tuple[str, ...]:
    """Names and aliases of the session's commands."""
    from kvmdbg.session.parse import COMMANDS  # not at import: the catalogue opens all command files
    return tuple(sorted({word for command in COMMANDS for word in (command.name, *command.aliases)}))


def lexer_class(commands: Iterable[str]) -> type[RegexLexer]:
    """A Pygments lexer for debugger lines: the first word is a command or an error, the rest are names, numbers, strings."""
    known = tuple(sorted(set(commands), key=len, reverse=True))

    class KvmdbgLexer(RegexLexer):
        name = "kvmdbg"
        aliases = ["kvmdbg"]
        filenames = ["*.kvmdbg"]
        tokens = {
            "root": [
                (r"\s+", Text),
                (r"#.*", Comment),
                (words(known, suffix=r"(?![\w-])") if known else r"(?!)", Keyword, "operands"),
                (r"[^\s#]+", Name, "operands"),
            ],
            "operands": [
                (r"\n", Text, "#pop"),
                (r"[^\S\n]+", Text),
                (r"(?<=\s)#.*", Comment),
                (r'"[^"\n]*"?|\'[^\'\n]*\'?', String),
                (r"#\d+", Number.Position),
                (r"0[xX][0-9a-fA-F]+\b|\d+[KMGkmg]?\b", Number),
                (words(LEVELS, suffix=r"\b"), Keyword.Type),
                (r"\$\w*", Name.Variable),
                (r"[A-Za-z_][\w.]*", Name),
                (r"[-+*/%&|^~<>=!:,.()\[\]{}@?]+", Operator),
                (r".", Error),
            ],
        }

    return KvmdbgLexer


def make_lexer() -> PygmentsLexer:
    """The lexer of a prompt, over the session's command catalogue."""
    return PygmentsLexer(lexer_class(command_words()))


TOKEN_WORDS: Final = {
    "pygments.keyword": "command", "pygments.keyword.type": "keyword", "pygments.literal.number": "number",
    "pygments.literal.number.position": "number", "pygments.literal.string": "string", "pygments.comment": "comment",
    "pygments.name.variable": "keyword", "pygments.error": "error",
}


def prompt_style(palette: Palette | None) -> Style:
    """The style of a PromptSession in the colours of `palette`; None = no colours at all."""
    if palette is None:
        return Style.from_dict({"auto-suggestion": "italic", "bottom-toolbar": "reverse", "prompt": "bold"})
    return Style.from_dict({
        "prompt": f"bold {palette.current}",
        "pygments.keyword": f"bold {palette.name_}",
        "pygments.keyword.type": palette.keyword,
        "pygments.literal.number": palette.number,
        "pygments.literal.string": palette.string,
        "pygments.comment": palette.comment,
        "pygments.name.variable": palette.keyword,
        "pygments.error": palette.stop,
        "auto-suggestion": palette.faint,
        "bottom-toolbar": f"noreverse bg:{palette.bar} {palette.bar_text}",
        "completion-menu": f"bg:{palette.bar} {palette.bar_text}",
        "completion-menu.completion.current": f"noreverse bg:{palette.cursor} {palette.cursor_text}",
        "validation-toolbar": f"bg:{palette.background} {palette.stop}",
    })
