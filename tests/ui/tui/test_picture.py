"""Pictures: no fonts from the network."""

from __future__ import annotations

from kvmdbg.ui.tui.picture import picture


def test_web_fonts_go_and_other_styles_stay() -> None:
    svg = '@font-face { src: url("https://x") } .a { font-family: Fira Code, monospace; } .b { fill: red }'
    assert picture(svg) == " .a { font-family: monospace; } .b { fill: red }"
