"""SourcePane: the line that runs next, the path, scrolling, searching."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.app import App, ComposeResult

from kvmdbg.ui.panes.source import SourceView, nothing
from kvmdbg.ui.tui.skin import Skin
from kvmdbg.ui.tui.source_pane import SourcePane, highlighted, trail


class Stage(App[None]):
    CSS = "SourcePane { width: 1fr; height: 1fr; }"

    def __init__(self, pane: SourcePane) -> None:
        super().__init__()
        self.pane = pane

    def compose(self) -> ComposeResult:
        yield self.pane


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "model.py"
    path.write_text('"""Doc\nover two lines."""\n' + "".join(f"def f{n}() -> int:\n    return {n}\n" for n in range(30)))
    return str(path)


def view(file: str, line: int, *marks: tuple[int, str], path: tuple[str, ...] = ("outer", "inner")) -> SourceView:
    return SourceView(file, line, path, marks or ((line, "=>"),), "", f"model.py:{line}")


def screen(pane: SourcePane) -> list[str]:
    return [pane.render_line(y).text.rstrip() for y in range(pane.size.height)]


def test_highlighting_keeps_every_line(file: str) -> None:
    lines = highlighted(file)
    assert len(lines) in (62, 63) and "".join(text for text, _ in lines[1]) == 'over two lines."""'
    assert ("def", "keyword") in lines[2] and lines[0][0][1] == "comment"


def test_a_file_that_is_gone_has_no_lines() -> None:
    assert "".join(text for line in highlighted("/no/such/file.py") for text, _ in line) == ""


async def test_the_line_is_in_sight_with_its_marks_and_its_path(file: str) -> None:
    pane = SourcePane("source", "Source", "5", Skin())
    async with Stage(pane).run_test(size=(40, 12)):
        pane.show(view(file, 20, (19, "B"), (20, "B=>")))
        lines = screen(pane)
        assert lines[0].startswith("-5 Source  model.py:20--")
        assert lines[1] == " outer() > inner()"
        assert "B=>  20     return 8" in lines and "  B  19 def f8() -> int:" in lines


async def test_a_long_path_wraps(file: str) -> None:
    pane = SourcePane("source", "Source", "5", Skin())
    async with Stage(pane).run_test(size=(40, 12)):
        pane.show(view(file, 20, path=tuple(f"f{n}" for n in range(9))))
        assert screen(pane)[1:3] == [" f0() > f1() > f2() > f3() > f4() >", " f5() > f6() > f7() > f8()"]


def test_a_trail_that_is_cut_says_so() -> None:
    rows = trail(tuple(f"f{n}" for n in range(9)), 24, 2)
    assert rows == ("... > f4() > f5() >", "f6() > f7() > f8()")
    assert trail(("a", "b"), 80, 3) == ("a() > b()",) and trail((), 80, 3) == ()


async def test_a_step_in_the_same_function_redraws_few_rows(file: str) -> None:
    pane = SourcePane("source", "Source", "5", Skin())
    async with Stage(pane).run_test(size=(40, 20)) as pilot:
        pane.show(view(file, 20))
        await pilot.pause()
        pane.work.update(drawn=0, formatted=0)
        pane.show(view(file, 21))
        await pilot.pause()
        assert pane.work["drawn"] <= 3 and pane.work["formatted"] == 2


async def test_no_source_says_why() -> None:
    pane = SourcePane("source", "Source", "5", Skin())
    async with Stage(pane).run_test(size=(40, 5)):
        pane.show(nothing("nothing has run yet"))
        assert screen(pane)[1].strip() == "nothing has run yet"


async def test_scrolling_sideways_and_cut_lines(file: str) -> None:
    pane = SourcePane("source", "Source", "5", Skin())
    async with Stage(pane).run_test(size=(20, 10)):
        pane.show(view(file, 3))
        assert any(line.endswith(">") for line in screen(pane)[3:])
        pane.key("l")
        assert screen(pane)[0].startswith("<") and any("-> int:" in line for line in screen(pane))
        pane.key("h")
        assert not screen(pane)[0].startswith("<")


async def test_searching(file: str) -> None:
    pane = SourcePane("source", "Source", "5", Skin())
    async with Stage(pane).run_test(size=(40, 12)):
        pane.show(view(file, 3))
        pane.set_pattern("f2", typing=True)
        assert any("def f2()" in line for line in screen(pane)) and "/f2_" in screen(pane)[0]
        pane.set_pattern("f2")
        assert pane.find(1) and any("def f20()" in line for line in screen(pane))
        assert pane.find(-1)
        pane.set_pattern("")
        assert not pane.find(1)
