"""The workbench: the widgets of the program, the lines that run, what the panes show, and who has the keys.

It knows no key: app.py does.  Nothing that goes wrong here, by a person's mistake or ours, ends the program.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from textual.app import App, ComposeResult

from kvmdbg.errors import ModelBug, UserError
from kvmdbg.session.grid import Grid
from kvmdbg.session.results import Quit, Stop, parts
from kvmdbg.session.session import Session
from kvmdbg.ui.panes import LOG, SOURCE, TIMELINE, PaneSpec, all_panes
from kvmdbg.ui.panes.source import nothing
from kvmdbg.ui.panes.timeline import timeline
from kvmdbg.ui.promptkit import make_history, make_lexer
from kvmdbg.ui.themes import DARK, PALETTES, Palette
from kvmdbg.ui.tui.arrange import MIDDLE_CYCLE
from kvmdbg.ui.tui.bars import LINE_HINTS, PANE_HINTS, RUN_HINTS, Hints, Status, TooSmall
from kvmdbg.ui.tui.command_line import CommandLine
from kvmdbg.ui.tui.desk import Desk
from kvmdbg.ui.tui.grid_pane import GridPane
from kvmdbg.ui.tui.log_pane import LogPane
from kvmdbg.ui.tui.pane import Pane
from kvmdbg.ui.tui.runner import Outcome, Runner, Submitted
from kvmdbg.ui.tui.skin import Skin, textual_themes
from kvmdbg.ui.tui.source_pane import SourcePane
from kvmdbg.ui.tui.status import status_lines
from kvmdbg.ui.tui.text_pane import TextPane
from kvmdbg.ui.tui.timeline_bar import TimelineBar
from kvmdbg.ui.tui.words import Said, Words

HELP: Final = "help"
ALL: Final = "all"
COLOURLESS: Final = "ansi-dark"


class Workbench(App[int]):
    """Everything on the screen, over one session.

    name: the script that the session came from, "" when it has none.
    """

    CSS = "Screen { overflow: hidden; } SearchIcon { display: none; }"
    TITLE = "kvmdbg"

    def __init__(self, session: Session, name: str = "", *, palette: Palette = DARK, colour: bool = True,
                 history: Path | None = None) -> None:
        super().__init__(ansi_color=not colour)
        self.session = session
        self.script = name
        self.skin = Skin(palette, colour)
        for theme in textual_themes():
            self.register_theme(theme)
        self.theme = palette.name if colour else COLOURLESS
        self.specs: dict[str, PaneSpec] = {spec.name: spec for spec in all_panes() if spec.kind != TIMELINE}
        self.panes: dict[str, Pane] = {spec.name: self._make_pane(spec) for spec in self.specs.values()}
        self.panes[HELP] = TextPane(HELP, "Help  (Esc closes)", "", self.skin)
        self.words = Words(session, {"pane": lambda: (*self.specs, ALL), "theme": lambda: tuple(PALETTES)})
        self.status = Status(self.skin)
        self.timeline_bar = TimelineBar(self.skin)
        self.hints = Hints(self.skin)
        self.line = CommandLine(self.words, make_history(history), make_lexer(), self.skin)
        self.small = TooSmall(self.skin)
        self.desk = Desk(self.status, self.timeline_bar, *self.panes.values(), self.hints, self.small, self.line,
                         resized=self.refresh_view)
        self.runner = Runner(session, self._own, self._said, lambda: self.panes["log"].columns_free or self.size.width)
        self.focus_name = "tlb"           # the pane that has the keys, or had them last
        self.in_line = False              # the command line has the keys
        self.option: dict[str, int] = {}  # which of its options a pane shows
        self.stale = False                # the panes are to be brought up to date
        self.logged = len(session.log)    # lines of the log before the last answer
        self.long_answer = -1             # where in the log an answer begins that is to be read from its beginning
        self.saved_words = len(session.words)

    def _make_pane(self, spec: PaneSpec) -> Pane:
        if spec.kind == SOURCE:
            return SourcePane(spec.name, spec.title, spec.key, self.skin)
        if spec.kind == LOG:
            return LogPane(spec.name, spec.title, spec.key, self.skin)
        return GridPane(spec.name, spec.title, spec.key, self.skin, spec.header, spec.details)

    def compose(self) -> ComposeResult:
        yield self.desk

    async def guarded(self, action: Callable[..., Any], *arguments: Any) -> None:
        """Whatever goes wrong in `action` becomes a line of the log; the program and the session live on."""
        try:
            made = action(*arguments)
            if made is not None:
                await made
        except (UserError, ModelBug) as wrong:
            self.stale = True
            self.session.say("", wrong)
        except Exception as wrong:     # the last line of defence: no key may end the session
            self.stale = True
            self.session.say("", ModelBug(f"the screen failed with {type(wrong).__name__}: {wrong}", self.session.tape.cursor))
        if self.stale:
            self.refresh_view()
        self.settle()

    def settle(self) -> None:
        """After each key: the rows of the command line, the hints, the focus."""
        self.desk.wants(lines=self.line.rows_wanted())
        self.line.activate(self.in_line)
        for name, pane in self.panes.items():
            pane.activate(not self.in_line and name == self.shown_focus())
        self.hints.show(RUN_HINTS if self.runner.running else LINE_HINTS if self.in_line else PANE_HINTS)

    # -- running lines ----------------------------------------------------------------------------------------------

    def submit(self, line: str, typed: bool = True) -> None:
        """Run a line, or let it wait until what runs has stopped."""
        self.runner.submit(line, typed)
        self.stale = True
        if not self.runner.running and self.runner.drain():
            self.run_worker(self._run_on(), exit_on_error=False)

    async def _run_on(self) -> None:
        """Until nothing runs and nothing waits any more."""
        while self.runner.drain():
            self.settle()
            await self.guarded(self.runner.run_on, self.show_bars)
        await self.guarded(self.refresh_view)

    def _own(self, line: str) -> bool:
        """Carry out a word of the screen; False when the line is the session's business.  raises: UserError."""
        said = self.words.read(line)
        if said is not None:
            self._arrange(said)
        return said is not None

    def _said(self, submitted: Submitted, outcome: Outcome) -> None:
        """A line was run: leave on `quit`, give a wrong line back, say what the log would say where it is not on the screen."""
        session = self.session
        self.line.prompt = session.prompt
        moved = any(isinstance(part, Stop) for part in parts(outcome)) if not isinstance(outcome, (UserError, ModelBug)) else True
        self.logged, self.long_answer = len(session.log), -1 if moved else self.logged
        if isinstance(outcome, (UserError, ModelBug)):
            if submitted.typed and not self.runner.waiting and self.words.validate(submitted.line):
                self.line.refuse(submitted.line)
        else:
            words = submitted.line.split()
            if len(words) > 1 and words[0] == "record":
                self.saved_words = len(session.words)
            for part in parts(outcome):
                if isinstance(part, Quit):
                    self.exit(return_code=part.code)
        if "log" not in self.desk.visible_panes() and session.log and session.log[-1].style != "typed":
            self.line.say(session.log[-1].text, session.log[-1].style)

    # -- what the screen shows --------------------------------------------------------------------------------------

    def refresh_view(self) -> None:
        """Bring everything that is on the screen up to date with the session; rows that did not change are left alone."""
        self.stale = False
        for name in self.desk.visible_panes():
            if name in self.specs:
                self.panes[name].show(self._content(self.specs[name]))
        log = self.panes["log"]
        if self.long_answer >= 0 and isinstance(log, LogPane):
            log.start_at(self.long_answer)
            self.long_answer = -1
        self.show_bars()

    def _content(self, spec: PaneSpec) -> Any:
        """What a pane shows; a pane that fails says so in its place and takes nobody with it."""
        try:
            if spec.options:
                return spec.draw(self.session, spec.options[self.option.get(spec.name, 0)])
            return spec.draw(self.session)
        except Exception as wrong:
            said = f"kvmdbg is wrong here: {type(wrong).__name__}: {wrong}"
            return nothing(said) if spec.kind == SOURCE else Grid(spec.title, (), (), said)

    def show_bars(self) -> None:
        """The timeline and the status line, which also move while something runs."""
        self.timeline_bar.show(timeline(self.session, self.runner.stops))
        right = " ".join(filter(None, ("unsaved" if self.unsaved() else "", f"theme:{self.skin.palette.name} ")))
        self.status.show(status_lines(self.session, self.script, self.runner.running), right)

    def unsaved(self) -> bool:
        """Are there words that no file has?"""
        return len(self.session.words) > self.saved_words

    def use_palette(self, palette: Palette) -> None:
        """Change the colours; nothing to change where there are none."""
        if not self.skin.colour:
            self.line.say("this terminal has no colours (NO_COLOR)", "dim")
            return
        self.skin.use(palette)
        self.theme = palette.name
        self.action_redraw()
        self.show_bars()

    def action_redraw(self) -> None:
        for pane in self.panes.values():
            pane.forget()
        self.screen.refresh(layout=True)
        for widget in (self.desk, *self.desk.children):
            widget.refresh()

    # -- who has the keys -------------------------------------------------------------------------------------------

    def shown_focus(self) -> str:
        """The pane that the keys go to: the focused one, or the zoomed one."""
        return self.desk.wish.zoom or self.focus_name

    def focused_pane(self) -> Pane | None:
        """The pane of that name."""
        return self.panes.get(self.shown_focus())

    def focus_on(self, name: str) -> None:
        """Give a pane the keys, and bring it onto the screen."""
        wish = self.desk.wish
        self.in_line = False
        self.focus_name = name
        self.desk.wants(only=name, zoom=name if wish.zoom else "")
        if name not in self.desk.visible_panes():
            if name in MIDDLE_CYCLE and "vmcs" not in self.desk.visible_panes():
                self.desk.wants(middle=name)
            if name not in self.desk.visible_panes():
                self.desk.wants(zoom=name)
        self.refresh_view()

    def _arrange(self, said: Said) -> None:
        """Carry out a word of the screen."""
        match said.word:
            case "focus" | "layout" if said.operand == ALL:
                self.desk.wants(zoom="", middle="tlb")
            case "focus":
                self.focus_on(said.operand)
            case "layout":
                self.desk.wants(zoom="", middle=said.operand if said.operand in MIDDLE_CYCLE else self.desk.wish.middle)
                self.focus_on(said.operand)
                self.in_line = True
            case "zoom":
                name = said.operand or ("" if self.desk.wish.zoom else self.focus_name)
                self.desk.wants(zoom="" if name == ALL else name)
            case "theme":
                self.use_palette(PALETTES[said.operand])
            case "refresh":
                self.action_redraw()
