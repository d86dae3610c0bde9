"""Which columns of a grid fit into a pane, and how wide each is: pure arithmetic."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from kvmdbg.session.grid import Column, Row

GAP: Final = 1           # cells between columns
AT_END: Final = 12       # a text column at the end may shrink to this many cells before another one is dropped
INSIDE: Final = 24       # another text column to this many
DIGITS: Final = 10       # a number to this many of its last digits, when there is nothing left to drop
TIGHT: Final = 14        # and a text to this many


class Fit(NamedTuple):
    """The columns that are shown."""

    shown: tuple[tuple[int, int], ...]    # (index of the column, its width in cells)
    left: bool                            # columns are hidden on the left
    right: bool                           # columns are hidden or cut on the right


def widths_of(columns: tuple[Column, ...], rows: Iterable[Row], at_least: tuple[int, ...] = (),
              header: bool = True) -> tuple[int, ...]:
    """The width that each column wants, in cells; never less than `at_least`, so that columns do not jump at each step.

    A column that may be dropped and has nothing in it wants no room at all.
    """
    widths = [0] * len(columns)
    for row in rows:
        for index, cell in enumerate(row.cells):
            if len(cell) > widths[index]:
                widths[index] = len(cell)
    if header:
        widths = [max(width, len(column.name)) if width or not column.priority else 0
                  for width, column in zip(widths, columns, strict=True)]
    if len(at_least) != len(widths):
        return tuple(widths)
    return tuple(max(pair) for pair in zip(widths, at_least, strict=True))


def fit(columns: tuple[Column, ...], widths: tuple[int, ...], room: int, first: int = 0) -> Fit:
    """Choose columns for `room` cells.

    first: 0 shrinks long texts, then drops columns by priority, highest first, until the rest fits; a positive number
    scrolls instead: the columns from `first` on, in order.
    """
    if first > 0:
        kept = [index for index in range(min(first, len(columns) - 1), len(columns)) if widths[index]]
        shown = _clip(kept, widths, room)
        return Fit(shown, True, _cut(shown, widths) or len(shown) < len(kept))
    kept = [index for index in range(len(columns)) if widths[index]]
    dropped = False
    while sum(_smallest(columns, widths, index, kept) + GAP for index in kept) - GAP > room:
        priority, index = max((columns[i].priority, i) for i in kept)
        if priority == 0:
            break
        kept.remove(index)
        dropped = True
    shown = _clip(kept, _shrunk(columns, widths, kept, room), room)
    return Fit(shown, False, dropped or _cut(shown, widths) or len(shown) < len(kept))


def _smallest(columns: tuple[Column, ...], widths: tuple[int, ...], index: int, kept: list[int]) -> int:
    """How narrow a column may become before another is dropped: numbers not at all, texts to AT_END or INSIDE."""
    if columns[index].align != "<":
        return widths[index]
    return min(widths[index], AT_END if index == kept[-1] else INSIDE)


def _shrunk(columns: tuple[Column, ...], widths: tuple[int, ...], kept: list[int], room: int) -> tuple[int, ...]:
    """Widths with which the kept columns fit, if they can.

    The last text gives way first, then the widest other text; when nothing is left to drop, numbers, and texts once more.
    """
    over = sum(widths[index] + GAP for index in kept) - GAP - room
    new = list(widths)
    order = sorted(kept, key=lambda i: (i != kept[-1], -widths[i]))
    texts = [index for index in order if columns[index].align == "<"]
    numbers = [index for index in order if columns[index].align != "<"]
    stages = [(index, _smallest(columns, widths, index, kept)) for index in texts]
    stages += [(index, DIGITS) for index in numbers] + [(index, TIGHT) for index in texts]
    for index, least in stages:
        give = max(0, min(over, new[index] - least))
        new[index] -= give
        over -= give
    return tuple(new)


def _clip(kept: list[int], widths: tuple[int, ...], room: int) -> tuple[tuple[int, int], ...]:
    """As many of the kept columns as `room` holds; the last one may be cut, but not below four cells."""
    shown: list[tuple[int, int]] = []
    used = 0
    for index in kept:
        free = room - used
        if widths[index] > free and shown and free < 4:
            break
        shown.append((index, max(0, min(widths[index], free))))
        used += widths[index] + GAP
        if used > room:
            break
    return tuple(shown)


def _cut(shown: tuple[tuple[int, int], ...], widths: tuple[int, ...]) -> bool:
    return any(width < widths[index] for index, width in shown)


def line(cells: tuple[str, ...], columns: tuple[Column, ...], shown: tuple[tuple[int, int], ...]) -> str:
    """One row as text; a text that is cut ends in `>`, a number that is cut begins with `<`."""
    return " ".join(_cell(cells[index], columns[index].align, width) for index, width in shown)


def _cell(cell: str, align: str, width: int) -> str:
    if align == ">":
        return cell.rjust(width) if len(cell) <= width else ("<" + cell[len(cell) - width + 1:])[:width]
    return cell.ljust(width) if len(cell) <= width else (cell[:max(0, width - 1)] + ">")[:width]
