"""Colours of the faces, as plain data: dark, light, high-contrast and Okabe-Ito (colour-blind safe).

Every colour here is text on the palette's background (or the one named beside it) and keeps a contrast of at least 4.5:1
(WCAG 2.1, 1.4.3); a test computes it.  Every colour also has a glyph or a word as its twin: a palette never carries meaning alone.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Palette(NamedTuple):
    """Colours as `#rrggbb`."""

    name: str
    dark: bool
    background: str
    text: str
    faint: str            # things that are there but do not matter now
    title: str            # a pane's title bar
    focus: str            # the title bar of the pane that has the keys
    bar: str              # background of the status line and of the menu
    bar_text: str
    cursor: str           # background of the selected row
    cursor_text: str
    added: str            # mark +
    removed: str          # mark -
    changed: str          # marks * and !
    current: str          # marks > and =>
    stop: str             # breakpoints, errors
    keyword: str          # source and command line
    string: str
    number: str
    comment: str
    name_: str            # functions, known commands


TEXT_ON_BACKGROUND: Final = ("text", "faint", "title", "focus", "added", "removed", "changed", "current", "stop", "keyword",
                             "string", "number", "comment", "name_")

DARK: Final = Palette(
    "dark", True, background="#16181d", text="#d8dae0", faint="#8f96a3", title="#9fb4d0", focus="#ffd866", bar="#2b303b",
    bar_text="#e6e9ef", cursor="#34405a", cursor_text="#ffffff", added="#8fd17f", removed="#ff8f7a", changed="#ffc66d",
    current="#7cc7ff", stop="#ff8080", keyword="#c8a2f0", string="#a5d68c", number="#f0b27a", comment="#8f96a3", name_="#7cc7ff")

LIGHT: Final = Palette(
    "light", False, background="#fbfbf8", text="#1d1f24", faint="#60656f", title="#3d4f6b", focus="#8a3b00", bar="#dfe3ea",
    bar_text="#1d1f24", cursor="#cfdcf2", cursor_text="#101218", added="#1d6b1d", removed="#a3201a", changed="#7a4b00",
    current="#0f4fa8", stop="#a3201a", keyword="#6a2fa0", string="#246b24", number="#8a3b00", comment="#60656f", name_="#0f4fa8")

HIGH_CONTRAST: Final = Palette(
    "high-contrast", True, background="#000000", text="#ffffff", faint="#e0e0e0", title="#ffffff", focus="#ffff00", bar="#ffffff",
    bar_text="#000000", cursor="#ffff00", cursor_text="#000000", added="#ffff00", removed="#ffff00", changed="#ffff00",
    current="#ffff00", stop="#ffff00", keyword="#ffff00", string="#ffffff", number="#ffffff", comment="#e0e0e0", name_="#ffffff")

# Okabe and Ito's eight colours; on black all but blue (4.05:1) are fit for text.
OKABE_ITO: Final = Palette(
    "okabe-ito", True, background="#000000", text="#ffffff", faint="#b8b8b8", title="#56b4e9", focus="#f0e442", bar="#2a2a2a",
    bar_text="#ffffff", cursor="#003b5c", cursor_text="#ffffff", added="#56b4e9", removed="#e69f00", changed="#f0e442",
    current="#009e73", stop="#d55e00", keyword="#cc79a7", string="#009e73", number="#e69f00", comment="#b8b8b8", name_="#56b4e9")

PALETTES: Final = {palette.name: palette for palette in (DARK, LIGHT, HIGH_CONTRAST, OKABE_ITO)}


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb`, 0 .. 1 (WCAG 2.1)."""
    channels = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 .. 21 (WCAG 2.1)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)
