"""Layout: every cell of every size of screen belongs to exactly one slot."""

from __future__ import annotations

import pytest

from kvmdbg.ui.tui.arrange import COMMAND, HINTS, STATUS, TIMELINE, TOO_SMALL, Slot, Wish, arrange

SIZES = [(40, 10), (60, 15), (79, 24), (80, 23), (80, 24), (80, 50), (100, 30), (120, 30), (119, 40), (120, 40), (160, 48),
         (199, 60), (200, 59), (200, 60), (300, 90)]


def names(slots: tuple[Slot, ...]) -> list[str]:
    return [slot.name for slot in slots]


def covered(slots: tuple[Slot, ...]) -> list[tuple[int, int]]:
    return [(x, y) for s in slots for x in range(s.x, s.x + s.width) for y in range(s.y, s.y + s.height)]


@pytest.mark.parametrize("size", SIZES, ids=lambda s: f"{s[0]}x{s[1]}")
@pytest.mark.parametrize("wish", [Wish(), Wish(middle="vmcs"), Wish(middle="source"), Wish(zoom="log"), Wish(only="log")])
def test_slots_tile_the_screen(size: tuple[int, int], wish: Wish) -> None:
    cells = covered(arrange(*size, wish))
    assert len(cells) == len(set(cells)) == size[0] * size[1]


@pytest.mark.parametrize("size", [(39, 10), (40, 9), (1, 1), (0, 0), (200, 9)])
def test_a_tiny_screen_shows_one_message(size: tuple[int, int]) -> None:
    assert names(arrange(*size)) == [TOO_SMALL]


def test_below_80x24_there_are_status_one_pane_and_the_command_line() -> None:
    assert names(arrange(60, 15, Wish(only="vmcs"))) == [STATUS, "vmcs", COMMAND]


def test_80x24_is_as_drawn() -> None:
    slots = {s.name: s for s in arrange(80, 24)}
    assert list(slots) == [STATUS, TIMELINE, "vcpus", "requests", "tlb", "log", COMMAND, HINTS]
    assert slots["vcpus"] == Slot("vcpus", 0, 2, 40, 5, edge=True)
    assert slots["requests"] == Slot("requests", 40, 2, 40, 5)
    assert slots["tlb"] == Slot("tlb", 0, 7, 80, 9)
    assert slots["log"] == Slot("log", 0, 16, 80, 6)
    assert slots[COMMAND].y == 22 and slots[HINTS].y == 23


def test_120x40_is_as_drawn() -> None:
    slots = {s.name: s for s in arrange(120, 40)}
    assert list(slots) == [STATUS, TIMELINE, "vcpus", "requests", "tlb", "vmcs", "source", "breakpoints", "log", COMMAND, HINTS]
    assert slots["vcpus"] == Slot("vcpus", 0, 2, 60, 6, edge=True)
    assert (slots["tlb"].height, slots["source"].height, slots["log"].height) == (13, 11, 6)


def test_200x60_has_three_columns() -> None:
    slots = {s.name: s for s in arrange(200, 60)}
    assert [slots[n].x for n in ("vcpus", "requests", "breakpoints")] == [0, 67, 134]
    assert {"path", "diff", "log", "source"} <= set(slots)
    assert [slots[n].edge for n in ("tlb", "vmcs", "source")] == [True, True, False]


def test_a_wide_but_low_screen_shows_two_middle_panes() -> None:
    assert names(arrange(120, 30))[2:7] == ["vcpus", "requests", "tlb", "vmcs", "log"]
    assert names(arrange(120, 30, Wish(middle="source")))[4:6] == ["tlb", "source"]


def test_the_open_menu_covers_the_pane_above_and_never_the_status() -> None:
    slots = {s.name: s for s in arrange(80, 24, Wish(lines=9))}
    assert slots[COMMAND] == Slot(COMMAND, 0, 14, 80, 9)
    assert {s.name: s for s in arrange(80, 24, Wish(lines=99))}[COMMAND].y == 2
