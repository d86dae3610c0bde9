"""A palette as Rich styles, by the words that reports use; without colours when the terminal shall have none."""

from __future__ import annotations

from typing import Final

from rich.style import Style
from textual.theme import Theme

from kvmdbg.ui.themes import DARK, PALETTES, Palette

# word: (colour of the palette, attributes).  The attributes alone must do in a colourless terminal.
WORDS: Final[dict[str, tuple[str, str]]] = {
    "": ("text", ""),
    "dim": ("faint", "dim"),
    "heading": ("title", "bold"),
    "title": ("title", ""),
    "focus": ("focus", "bold"),
    "edge": ("title", "dim"),
    "added": ("added", "bold"),
    "gone": ("removed", "bold"),
    "changed": ("changed", "bold"),
    "differs": ("changed", "bold"),
    "current": ("current", "bold"),
    "next": ("current", "bold"),
    "stop": ("stop", "bold"),
    "error": ("stop", "bold"),
    "command": ("name_", "bold"),
    "disabled": ("faint", "dim"),
    "prompt": ("current", "bold"),
    "keyword": ("keyword", ""),
    "string": ("string", ""),
    "number": ("number", ""),
    "comment": ("comment", "dim"),
    "name": ("name_", ""),
}
MARKS: Final = {"+": "added", "-": "gone", "*": "changed", "!": "differs", ">": "current", "=>": "next", "B": "stop",
                "x": "disabled"}
SYNONYMS: Final = {
    "filled": "added", "new": "added", "removed": "gone", "flushed": "gone", "pending": "changed", "faint": "dim", "note": "dim",
    "breakpoint": "stop", "warning": "changed", "good": "added", "bad": "error", "input": "command", "forbidden": "error",
    "typed": "command", "said": "", "narration": "dim",
    "stale": "changed",
}
REVERSED: Final = ("bar", "cursor")


class Skin:
    """Styles by word.  An unknown word is plain text, so that a report may know more words than a theme.

    colour: False leaves attributes only (bold, dim, reverse): not a single colour code reaches the terminal.
    """

    def __init__(self, palette: Palette = DARK, colour: bool = True) -> None:
        self.palette = palette
        self.colour = colour
        self._styles: dict[tuple[str, bool], Style] = {}

    def __call__(self, word: str, selected: bool = False) -> Style:
        """The style of `word`; `selected` puts it on the row that the cursor is on."""
        style = self._styles.get((word, selected))
        if style is None:
            style = self._styles[word, selected] = self._make(word, selected)
        return style

    def use(self, palette: Palette) -> None:
        """Change the colours from now on."""
        self.palette = palette
        self._styles.clear()

    def mark(self, mark: str) -> str:
        """The word for a mark; of several ("B=>") the most telling one."""
        return MARKS.get(mark) or ("next" if "=>" in mark else "stop" if "B" in mark else "")

    def _make(self, word: str, selected: bool) -> Style:
        word = SYNONYMS.get(word, word)
        palette = self.palette
        if word in REVERSED or selected:
            bold = WORDS.get(word, ("", ""))[1] == "bold"
            if not self.colour:
                return Style(reverse=True, bold=bold)
            if word == "bar":
                return Style(color=palette.bar_text, bgcolor=palette.bar, bold=bold)
            return Style(color=palette.cursor_text, bgcolor=palette.cursor, bold=bold)
        field, attribute = WORDS.get(word, WORDS[""])
        if not self.colour:
            return Style.parse(attribute) if attribute else Style()
        return Style(color=getattr(palette, field), bgcolor=palette.background, bold=attribute == "bold")


def textual_theme(palette: Palette) -> Theme:
    """The palette for Textual's own widgets (the command palette)."""
    return Theme(name=palette.name, dark=palette.dark, primary=palette.current, secondary=palette.title, accent=palette.focus,
                 warning=palette.changed, error=palette.stop, success=palette.added, foreground=palette.text,
                 background=palette.background, surface=palette.bar, panel=palette.bar)


def textual_themes() -> tuple[Theme, ...]:
    return tuple(textual_theme(palette) for palette in PALETTES.values())
