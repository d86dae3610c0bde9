"""TextPane, and what all panes share: title, separator, scrolling."""

from __future__ import annotations

from textual.app import App, ComposeResult

from kvmdbg.ui.tui.skin import Skin
from kvmdbg.ui.tui.text_pane import TextPane


class Stage(App[None]):
    CSS = "TextPane { width: 1fr; height: 1fr; }"

    def __init__(self, pane: TextPane) -> None:
        super().__init__()
        self.pane = pane

    def compose(self) -> ComposeResult:
        yield self.pane


def screen(pane: TextPane) -> list[str]:
    return [pane.render_line(y).text.rstrip() for y in range(pane.size.height)]


async def test_text_from_the_top_and_how_much_is_below() -> None:
    pane = TextPane("help", "Help", "", Skin())
    async with Stage(pane).run_test(size=(30, 4)):
        pane.show([(f"line {n}", "") for n in range(10)])
        assert screen(pane) == ["-Help  7 more lines-----------", "line 0", "line 1", "line 2"]
        pane.key("pagedown")
        assert screen(pane)[1] == "line 2"
        pane.key("end")
        assert screen(pane)[1:] == ["line 7", "line 8", "line 9"] and pane.info() == ""
        pane.key("down")
        assert screen(pane)[-1] == "line 9"
        pane.key("home")
        assert screen(pane)[1] == "line 0"
