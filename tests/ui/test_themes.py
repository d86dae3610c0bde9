"""Themes: every text colour can be read on its background."""

from __future__ import annotations

import pytest

from kvmdbg.ui.themes import PALETTES, TEXT_ON_BACKGROUND, Palette, contrast, luminance

ENOUGH = 4.5


def test_contrast_runs_from_one_to_twenty_one() -> None:
    assert round(contrast("#000000", "#ffffff"), 2) == 21
    assert contrast("#123456", "#123456") == 1
    assert luminance("#ffffff") == pytest.approx(1)


def test_okabe_itos_blue_is_not_fit_for_text_on_black() -> None:
    assert contrast("#0072b2", "#000000") < ENOUGH


@pytest.mark.parametrize("palette", PALETTES.values(), ids=lambda p: p.name)
@pytest.mark.parametrize("field", TEXT_ON_BACKGROUND)
def test_text_can_be_read_on_the_background(palette: Palette, field: str) -> None:
    assert contrast(getattr(palette, field), palette.background) >= ENOUGH


@pytest.mark.parametrize("palette", PALETTES.values(), ids=lambda p: p.name)
def test_text_can_be_read_on_bars_and_on_the_selected_row(palette: Palette) -> None:
    assert contrast(palette.bar_text, palette.bar) >= ENOUGH
    assert contrast(palette.cursor_text, palette.cursor) >= ENOUGH


def test_there_are_a_light_a_high_contrast_and_a_colour_blind_theme() -> None:
    assert {"dark", "light", "high-contrast", "okabe-ito"} == set(PALETTES)
