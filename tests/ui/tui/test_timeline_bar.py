"""TimelineBar: marks, cursor, clicks."""

from __future__ import annotations

from textual.app import App, ComposeResult

from kvmdbg.ui.panes.timeline import TimelineView
from kvmdbg.ui.tui.skin import Skin
from kvmdbg.ui.tui.timeline_bar import TimelineBar


class Stage(App[None]):
    CSS = "TimelineBar { width: 1fr; height: 1; }"

    def __init__(self) -> None:
        super().__init__()
        self.bar = TimelineBar(Skin())
        self.positions: list[int] = []

    def compose(self) -> ComposeResult:
        yield self.bar

    def on_timeline_bar_scrubbed(self, event: TimelineBar.Scrubbed) -> None:
        self.positions.append(event.position)


async def test_marks_and_cursor_between_brackets() -> None:
    app = Stage()
    async with app.run_test(size=(30, 3)):
        app.bar.show(TimelineView(10, 20, ((0, "F"), (5, "m"), (20, "B"))))
        text = app.bar.render_line(0).text
        assert text == "[F....m....|..........B] 10/20".ljust(30)


async def test_an_empty_tape_is_drawn() -> None:
    app = Stage()
    async with app.run_test(size=(20, 3)):
        assert app.bar.render_line(0).text == "[|.............] 0/0"


async def test_a_wide_bar_explains_its_letters() -> None:
    app = Stage()
    async with app.run_test(size=(200, 3)):
        assert "F flush" in app.bar.render_line(0).text


async def test_clicks_and_drags_scrub() -> None:
    app = Stage()
    async with app.run_test(size=(40, 3)) as pilot:
        app.bar.show(TimelineView(0, 100, ()))
        await pilot.click("#timeline", offset=(1, 0))
        await pilot.click("#timeline", offset=(32, 0))
        await pilot.click("#timeline", offset=(39, 0))
        assert app.positions[0] == 0 and app.positions[-1] == 100 and len(app.positions) == 2
