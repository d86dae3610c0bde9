"""Breaking long lines into rows of the screen."""

from __future__ import annotations

from typing import Final

INDENT: Final = "    "     # of the rows that continue a line
LONGEST: Final = 4000      # characters of one line that are shown; the rest is counted


def wrap(text: str, width: int) -> list[str]:
    """Rows of at most `width` cells, broken at blanks where there are any; the rows that continue are indented."""
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]} ... and {len(text) - LONGEST} more characters"
    rows = []
    for part in text.split("\n"):
        part = part.rstrip()
        indent = ""
        while len(indent) + len(part) > width > len(INDENT):
            room = width - len(indent)
            cut = part.rfind(" ", 1, room + 1)
            cut = cut if cut > 0 and part[:cut].strip() else room
            rows.append(indent + part[:cut].rstrip())
            part, indent = part[cut:].lstrip(), INDENT
        rows.append((indent + part)[:max(0, width)])
    return rows
