"""The command line as it is drawn: the line, above it the message, above that the menu of completions.

They are rows of this one widget; it wants more rows while the menu is open, and the program lays it over the pane above.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from prompt_toolkit.lexers import Lexer
from rich.segment import Segment
from textual import events
from textual.message import Message
from textual.strip import Strip

from kvmdbg.ui.promptkit import TOKEN_WORDS, LineHistory, Speaker
from kvmdbg.ui.tui.line_editor import LineEditor
from kvmdbg.ui.tui.skin import Skin

MENU_ROWS: Final = 8
WORD_CELLS: Final = 36       # of a completion in the menu, before its meaning


class CommandLine(LineEditor):
    """The line at the bottom of the screen, with its menu above it."""

    DEFAULT_CSS = "CommandLine { width: auto; height: auto; layer: line; }"
    ALLOW_SELECT = False

    def __init__(self, session: Speaker, history: LineHistory, lexer: Lexer, skin: Skin) -> None:
        super().__init__(session, history)
        self.lexer = lexer
        self.skin = skin

    @dataclass
    class Clicked(Message):
        """The mouse was pressed on the line."""

    def on_mouse_down(self, event: events.MouseDown) -> None:
        event.stop()
        self.post_message(self.Clicked())

    def rows_wanted(self) -> int:
        """Rows of the widget: the line, a message, the menu."""
        return 1 + bool(self.message) + min(MENU_ROWS, len(self.found()))

    def render_line(self, y: int) -> Strip:
        width, height = self.size
        if y == height - 1:
            return Strip(self._line(width)).adjust_cell_length(width, self.skin(""))
        rows = self._above(width)
        index = y - (height - 1 - len(rows))
        segments = rows[index] if 0 <= index < len(rows) else []
        return Strip(segments).adjust_cell_length(width, self.skin(""))

    def _above(self, width: int) -> list[list[Segment]]:
        """The rows above the line: the menu, then the message."""
        rows = self._menu(width)
        if self.message:
            rows.append([Segment(self.message[:width], self.skin(self.message_style))])
        return rows

    def _menu(self, width: int) -> list[list[Segment]]:
        state = self.buffer.complete_state
        if state is None or not state.completions:
            return []
        found = state.completions
        chosen = state.complete_index
        room = max(1, min(MENU_ROWS, self.size.height - 1 - bool(self.message)))
        first = max(0, min((chosen or 0) - room // 2, len(found) - room))
        word = min(WORD_CELLS, max(len(c.display_text) for c in found))
        rows = []
        for index in range(first, min(first + room, len(found))):
            completion = found[index]
            text = f" {completion.display_text.ljust(word)}  {completion.display_meta_text}"
            if len(found) > room and index in (first, first + room - 1):
                more = f" {index + 1}/{len(found)} "
                text = text[:width - len(more)].ljust(width - len(more)) + more
            if len(text) > width:
                text = text[:max(0, width - 3)].rstrip() + " .."
            rows.append([Segment(text[:width].ljust(width), self.skin("cursor" if index == chosen else "bar"))])
        return rows

    def _line(self, width: int) -> list[Segment]:
        prompt = f"(reverse-i-search)`{self.searching.text}': " if self.searching is not None else self.prompt
        segments = [Segment(prompt[:width], self.skin("prompt" if self.active else "dim"))]
        room = width - len(prompt)
        if room <= 0:
            return segments
        if not self.active and not self.buffer.text:
            return [*segments, Segment(": types a command"[:room], self.skin("dim"))]
        cells = self._cells()
        cursor = self.buffer.cursor_position
        start = max(0, cursor - room + 1)
        for index in range(start, min(len(cells), start + room)):
            text, word = cells[index]
            here = self.active and index == cursor
            segments.append(Segment(text, self.skin("cursor" if here else word)))
        return segments

    def _cells(self) -> list[tuple[str, str]]:
        """Each cell of the line with the word of its style: highlighted text, the suggestion, a blank for the cursor."""
        get_line = self.lexer.lex_document(self.buffer.document)
        cells = [(letter, "error" if self.refused else _word(style)) for style, text, *_ in get_line(0) for letter in text]
        cells += [(letter, "dim") for letter in self.suggestion()]
        return cells if len(cells) > self.buffer.cursor_position else [*cells, (" ", "")]


def _word(style: str) -> str:
    """The skin's word for a style of the lexer ("class:pygments.keyword")."""
    name = style.removeprefix("class:").strip()
    while name:
        if name in TOKEN_WORDS:
            return TOKEN_WORDS[name]
        name = name.rpartition(".")[0]
    return ""
