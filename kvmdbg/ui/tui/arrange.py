"""Where everything stands on the screen: a pure function of its size and of what the person asked for.

Five sizes of screen (columns x rows):
  below 40x10            a message that names `kvmdbg repl`
  below 80x24            status, one pane, the command line
  80x24 and more         vCPUs | Requests, one middle pane that `t` cycles, Log
  120x40 and more        vCPUs | Requests, TLB | VMCS, Source | Breakpoints, Log
  200x60 and more        three columns, with Path and Diff as well
A screen that is wide but not tall gets two middle panes side by side; one that is tall but not wide stacks them.
"""

from __future__ import annotations

from typing import Final, NamedTuple

STATUS: Final = "status"
TIMELINE: Final = "timeline"
COMMAND: Final = "command"
HINTS: Final = "hints"
TOO_SMALL: Final = "too-small"
BARS: Final = (STATUS, TIMELINE, COMMAND, HINTS, TOO_SMALL)

SMALLEST: Final = (40, 10)
NARROW: Final = (80, 24)
MEDIUM: Final = (120, 40)
WIDE: Final = (200, 60)

MIDDLE_CYCLE: Final = ("tlb", "vmcs", "source", "path", "breakpoints")


class Slot(NamedTuple):
    """One rectangle of the screen, in cells."""

    name: str
    x: int
    y: int
    width: int         # with the separator
    height: int        # with the title bar
    edge: bool = False   # the last column is a separator


class Wish(NamedTuple):
    """What the person asked for."""

    middle: str = "tlb"    # what the middle pane shows where there is only one
    zoom: str = ""         # this pane alone
    only: str = "tlb"      # which pane is shown below 80x24
    lines: int = 1         # rows that the command line wants, its menu included


DEFAULT_WISH: Final = Wish()


def fits(width: int, height: int, size: tuple[int, int]) -> bool:
    return width >= size[0] and height >= size[1]


def arrange(width: int, height: int, wish: Wish = DEFAULT_WISH) -> tuple[Slot, ...]:
    """The slots that are to be seen on a screen of `width` x `height` cells; they never overlap but for the open menu."""
    if not fits(width, height, SMALLEST):
        return (Slot(TOO_SMALL, 0, 0, width, height),)
    small = not fits(width, height, NARROW)
    top = [Slot(STATUS, 0, 0, width, 1)]
    if not small:
        top.append(Slot(TIMELINE, 0, 1, width, 1))
    bottom_rows = 1 if small else 2
    bottom = [_command(width, height, bottom_rows, wish.lines)]
    if not small:
        bottom.append(Slot(HINTS, 0, height - 1, width, 1))
    first, rows = len(top), height - len(top) - bottom_rows
    if wish.zoom or small:
        body = [Slot(wish.zoom or wish.only, 0, first, width, rows)]
    elif fits(width, height, WIDE):
        body = _wide(width, first, rows)
    elif fits(width, height, MEDIUM):
        body = _medium(width, first, rows)
    else:
        body = _narrow(width, height, first, rows, wish.middle)
    return (*top, *body, *bottom)


def _command(width: int, height: int, bottom_rows: int, lines: int) -> Slot:
    lines = max(1, min(lines, height - bottom_rows - 1))
    return Slot(COMMAND, 0, height - bottom_rows - lines + 1, width, lines)


def _row(width: int, y: int, height: int, names: tuple[str, ...]) -> list[Slot]:
    """Panes side by side; the columns left over go to the first ones."""
    each, over = divmod(width, len(names))
    slots, x = [], 0
    for index, name in enumerate(names):
        columns = each + (index < over)
        slots.append(Slot(name, x, y, columns, height, edge=index < len(names) - 1))
        x += columns
    return slots


def _stack(width: int, y: int, rows: list[tuple[tuple[str, ...], int]]) -> list[Slot]:
    slots = []
    for names, height in rows:
        slots += _row(width, y, height, names)
        y += height
    return slots


def _narrow(width: int, height: int, y: int, rows: int, middle: str) -> list[Slot]:
    """24 rows: 5 of vCPUs, 9 of the middle pane, 6 of log."""
    upper, log = 5, max(6, rows * 6 // 20)
    other = "vmcs" if middle == "tlb" else "tlb"
    rest = rows - upper - log
    if width >= MEDIUM[0]:
        middles: list[tuple[tuple[str, ...], int]] = [((middle, other) if middle == "tlb" else (other, middle), rest)]
    elif height >= MEDIUM[1]:
        below = "source" if middle != "source" else "tlb"
        middles = [((middle,), rest - rest // 2), ((below,), rest // 2)]
    else:
        middles = [((middle,), rest)]
    return _stack(width, y, [(("vcpus", "requests"), upper), *middles, (("log",), log)])


def _medium(width: int, y: int, rows: int) -> list[Slot]:
    """40 rows: 6 of vCPUs, 13 of tables, 11 of source, 6 of log."""
    upper = 6 + (rows - 36) // 6
    log = max(6, rows // 6)
    rest = rows - upper - log
    tables = rest * 13 // 24
    return _stack(width, y, [(("vcpus", "requests"), upper), (("tlb", "vmcs"), tables),
                             (("source", "breakpoints"), rest - tables), (("log",), log)])


def _wide(width: int, y: int, rows: int) -> list[Slot]:
    """60 rows: 10 of vCPUs, 24 of tables, 14 of path and log, 8 of diff."""
    upper = 10 + (rows - 56) // 8
    lower = rows // 4
    diff = rows // 7
    tables = rows - upper - lower - diff
    return _stack(width, y, [(("vcpus", "requests", "breakpoints"), upper), (("tlb", "vmcs", "source"), tables),
                             (("path", "log"), lower), (("diff",), diff)])
