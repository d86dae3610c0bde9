"""Skin: words to styles, with and without colours."""

from __future__ import annotations

import pytest

from kvmdbg.session.grid import MARKS as GRID_MARKS
from kvmdbg.ui.themes import LIGHT, PALETTES, Palette
from kvmdbg.ui.tui.skin import MARKS, WORDS, Skin, textual_theme


def test_every_mark_has_a_word() -> None:
    assert set(GRID_MARKS) == set(MARKS)
    assert all(word in WORDS for word in MARKS.values())


def test_of_several_marks_the_next_line_tells_most() -> None:
    skin = Skin()
    assert skin.mark("B=>") == "next" and skin.mark("B") == "stop" and skin.mark("") == ""


@pytest.mark.parametrize("word", [*WORDS, "bar", "cursor", "unheard of"])
def test_without_colours_no_style_has_one(word: str) -> None:
    skin = Skin(LIGHT, colour=False)
    for selected in (False, True):
        style = skin(word, selected)
        assert style.color is None and style.bgcolor is None


@pytest.mark.parametrize("palette", PALETTES.values(), ids=lambda p: p.name)
def test_with_colours_every_style_says_both(palette: Palette) -> None:
    skin = Skin(palette)
    for word in (*WORDS, "bar", "cursor"):
        style = skin(word)
        assert style.color is not None and style.bgcolor is not None
    assert textual_theme(palette).dark == palette.dark


def test_the_selected_row_looks_different_even_without_colours() -> None:
    assert Skin(colour=False)("", True).reverse and not Skin(colour=False)("").reverse
