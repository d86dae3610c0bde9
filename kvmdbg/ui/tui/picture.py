"""A picture of the screen: Textual's SVG without fonts from the network."""

from __future__ import annotations

import re


def picture(svg: str) -> str:
    """An SVG of Textual that needs nothing but the file: no web font, the viewer's own monospace font instead."""
    svg = re.sub(r"@font-face\s*\{.*?\}", "", svg, flags=re.DOTALL)
    return re.sub(r"font-family:\s*Fira Code[^;]*;", "font-family: monospace;", svg)
