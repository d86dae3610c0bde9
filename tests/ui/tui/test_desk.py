"""The desk: the arrangement as Textual sees it."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.geometry import Region

from kvmdbg.ui.tui.bars import Hints, Status
from kvmdbg.ui.tui.desk import Desk
from kvmdbg.ui.tui.skin import Skin
from kvmdbg.ui.tui.text_pane import TextPane


class Stage(App[None]):
    """A status line, hints, and two of the panes."""

    def __init__(self) -> None:
        super().__init__()
        skin = Skin()
        self.resizes = 0
        self.status, self.hints = Status(skin), Hints(skin)
        self.tlb, self.vcpus = TextPane("tlb", "TLB", "3", skin), TextPane("vcpus", "vCPUs", "1", skin)
        self.desk = Desk(self.status, self.tlb, self.vcpus, self.hints, resized=self.count)

    def count(self) -> None:
        self.resizes += 1

    def compose(self) -> ComposeResult:
        yield self.desk


async def test_each_widget_stands_where_the_arrangement_says() -> None:
    app = Stage()
    async with app.run_test(size=(80, 24)):
        assert app.status.region == Region(0, 0, 80, 1)
        assert app.vcpus.region == Region(0, 2, 40, 5) and app.vcpus.edge
        assert app.tlb.region == Region(0, 7, 80, 9) and not app.tlb.edge
        assert app.hints.region == Region(0, 23, 80, 1)


async def test_a_wish_rearranges_and_an_equal_one_does_not() -> None:
    app = Stage()
    async with app.run_test(size=(80, 24)) as pilot:
        assert app.desk.wants(zoom="vcpus")
        assert not app.desk.wants(zoom="vcpus")
        await pilot.pause()
        assert app.vcpus.region == Region(0, 2, 80, 20) and not app.vcpus.edge
        assert app.desk.visible_panes() == ("vcpus",)


async def test_a_resize_is_told() -> None:
    app = Stage()
    async with app.run_test(size=(80, 24)) as pilot:
        before = app.resizes
        await pilot.resize_terminal(120, 40)
        await pilot.pause()
        assert app.resizes > before
        assert app.desk.visible_panes()[:4] == ("vcpus", "requests", "tlb", "vmcs")
