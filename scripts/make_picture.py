"""Draw docs/tour.svg, the README's picture: the real screen of the tour at 120x40.  Usage: make_picture.py [FILE]."""

from __future__ import annotations

import asyncio
import os
import sys
from argparse import Namespace
from pathlib import Path

from kvmdbg.session.session import Session
from kvmdbg.ui.interactive import TOUR, TOUR_NAME, opened
from kvmdbg.ui.tui.app import KvmdbgApp
from kvmdbg.ui.tui.picture import picture

SIZE = (120, 40)
OUT = Path(__file__).parent.parent / "docs" / "tour.svg"


async def draw() -> str:
    """The tour's first screen as SVG."""
    os.environ["TEXTUAL_ANIMATIONS"] = "none"
    session = Session(interactive=True)
    opened(session, Namespace(file=None, kernel=None, ex=[]), default=str(TOUR))
    app = KvmdbgApp(session, TOUR_NAME)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        return picture(app.export_screenshot(title="kvmdbg"))


def main() -> None:
    """Write the picture."""
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else OUT
    out.write_text(asyncio.run(draw()), encoding="utf-8")
    print(f"{out}: {out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
