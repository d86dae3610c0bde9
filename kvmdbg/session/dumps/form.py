"""Lines of a dump as forms: `RSP = {GUEST_RSP}  RIP = {GUEST_RIP}`.

A form is what the kernel prints with names for the numbers: `{NAME}` stands for hexadecimal digits with or without 0x, `{NAME:d}`
for decimal ones.  Blanks do not matter, and several forms may share a line, as a kernel that continues a line prints them.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from typing import Final, NamedTuple

_SLOT: Final = re.compile(r"\{(\w+)(:d)?\}")
_HEX, _DECIMAL = r"(?:0x)?([0-9a-fA-F]+)", r"(-?[0-9]+)"


class Form(NamedTuple):
    """One line, or a part of one, that a kernel prints."""

    pattern: str                     # a regular expression, compiled when a line is read for the first time
    names: tuple[str, ...]
    bases: tuple[int, ...]

    def begins(self, text: str) -> bool:
        """Does the line begin as the form does?"""
        return _compiled(self.pattern).match(text) is not None

    def read(self, text: str) -> tuple[dict[str, int], str] | None:
        """The numbers by name and what is left of the line; None when it begins otherwise."""
        match = _compiled(self.pattern).match(text)
        if match is None:
            return None
        values = {name: int(digits, base) for name, digits, base in zip(self.names, match.groups(), self.bases, strict=True)}
        return values, text[match.end():].lstrip()


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def form(text: str) -> Form:
    """Make one from its text."""
    pattern, names, bases = "", [], []
    at = 0
    for slot in _SLOT.finditer(text):
        pattern += _literal(text[at:slot.start()]) + (_DECIMAL if slot.group(2) else _HEX)
        names.append(slot.group(1))
        bases.append(10 if slot.group(2) else 16)
        at = slot.end()
    pattern += _literal(text[at:])
    return Form(pattern + r"(?=\s|$)", tuple(names), tuple(bases))


def _literal(text: str) -> str:
    """Blanks are free, also around = : and ,."""
    return "".join(_free(word) for word in re.split(r"(\s*[=:,]\s*|\s+)", text) if word)


def _free(word: str) -> str:
    mark = word.strip()
    if mark in ("=", ":", ","):
        return rf"\s*{mark}\s*"
    return re.escape(mark) if mark else r"\s+"


def read_line(forms: Iterable[Form], text: str) -> dict[str, int] | None:
    """All numbers of a line that is made of forms; None when a part of it is none.  A name may stand in one form only."""
    known = tuple(forms)
    found: dict[str, int] = {}
    while text:
        read = next((read for one in known if (read := one.read(text))), None)
        if read is None:
            return None
        found |= read[0]
        text = read[1]
    return found
