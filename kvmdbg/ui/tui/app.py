"""The Textual program: keys, the menu behind F2, the mouse, and what each of them does.

All keys come through one place, `on_event`, in the order of typing, and go from there to the command line or to the pane that
has the keys: no key is handled by a widget's own message queue, so nothing typed ahead is reordered, not even over a change of
focus.  Ctrl-C ends a run at the position reached; it never ends the program.  No mistake, of a person or of ours, does.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from textual import events
from textual.app import SystemCommand
from textual.screen import Screen

from kvmdbg.errors import UserError
from kvmdbg.session.session import Session
from kvmdbg.ui.panes.timeline import timeline
from kvmdbg.ui.themes import DARK, PALETTES, Palette
from kvmdbg.ui.tui import keys
from kvmdbg.ui.tui.arrange import MEDIUM, MIDDLE_CYCLE, NARROW, fits
from kvmdbg.ui.tui.command_line import CommandLine
from kvmdbg.ui.tui.grid_pane import GridPane
from kvmdbg.ui.tui.line_editor import END, LEAVE, SUBMIT, UNKNOWN
from kvmdbg.ui.tui.line_editor import KEYS as LINE_KEYS
from kvmdbg.ui.tui.log_pane import LogPane
from kvmdbg.ui.tui.pane import Pane
from kvmdbg.ui.tui.picture import picture
from kvmdbg.ui.tui.source_pane import SourcePane
from kvmdbg.ui.tui.timeline_bar import TimelineBar
from kvmdbg.ui.tui.workbench import HELP, Workbench

Prompt = Callable[[Session], Awaitable[object]]


class KvmdbgApp(Workbench):
    """kvmdbg on the whole screen.

    prompt: the full prompt for F8 (another face, which this one does not know); None where there is none.
    """

    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "f2"
    BINDINGS = []

    def __init__(self, session: Session, name: str = "", *, palette: Palette = DARK, colour: bool = True,
                 history: Path | None = None, prompt: Prompt | None = None) -> None:
        super().__init__(session, name, palette=palette, colour=colour, history=history)
        self.prompt = prompt
        self.prefixed = False             # Ctrl-X was typed
        self.asked_to_leave = False
        self.pictures = 0

    def on_mount(self) -> None:
        self.refresh_view()
        self.settle()
        self._hear_signals()

    def _hear_signals(self) -> None:
        """Signals that end a program leave by the front door, with the terminal restored; SIGINT is Ctrl-C."""
        loop = asyncio.get_running_loop()
        with suppress(NotImplementedError, AttributeError):       # Windows has no such handlers
            loop.add_signal_handler(signal.SIGINT, self.action_interrupt)
            for number in (signal.SIGTERM, signal.SIGHUP):
                loop.add_signal_handler(number, self.exit, None, 128 + number)

    # -- keys: the one way in ---------------------------------------------------------------------------------------

    async def on_event(self, event: events.Event) -> None:
        """Keys and pastes of the main screen are handled here and now; everything else is Textual's business."""
        if len(self.screen_stack) == 1 and not getattr(event, "is_forwarded", False):
            if isinstance(event, events.Key):
                await self.guarded(self._typed, event.key, event.character)
                return
            if isinstance(event, events.Paste):
                await self.guarded(self._pasted, event.text)
                return
        await super().on_event(event)

    async def _typed(self, key: str, character: str | None) -> None:
        if key == "ctrl+j":
            key, character = "enter", "\r"       # Enter, typed while the terminal was not in raw mode yet
        if key.startswith("alt+") and not (self.in_line and key in LINE_KEYS):
            await self._typed("escape", "\x1b")      # Esc and a key, too close together for the terminal to tell
            key = key.removeprefix("alt+")
            await self._typed(key, character if character is not None and len(character) == 1 else key if len(key) == 1 else None)
            return
        name = character if character is not None and len(character) == 1 and character.isprintable() and character != " " else key
        if name not in ("ctrl+q", "ctrl+d"):
            self.asked_to_leave = False
        if self.prefixed:
            self.prefixed = False
            await self._do(keys.PREFIX_KEYS.get(name) or keys.PREFIX_KEYS.get(key))
        elif key == keys.PREFIX:
            self.prefixed = True
        elif key in keys.GLOBAL_KEYS:
            await self._do(keys.GLOBAL_KEYS[key])
        elif self.in_line:
            self._typed_into_line(key, character)
        elif not self._typed_into_filter(key, character):
            await self._typed_into_pane(name, key)

    def _typed_into_line(self, key: str, character: str | None) -> None:
        if character == ":" and not self.line.text:
            return                     # a hand that means "command line" and is there already
        typed = self.line.key(key, character)
        if typed.kind == SUBMIT:
            self.submit(typed.line)
        elif typed.kind == LEAVE:
            self.in_line = False
        elif typed.kind == END:
            self.action_leave()
        elif typed.kind == UNKNOWN and key in ("pageup", "pagedown"):
            self.panes["log"].key(key)

    def _typed_into_filter(self, key: str, character: str | None) -> bool:
        """A key while a filter is being typed in the title of the pane; False when none is."""
        pane = self.focused_pane()
        if isinstance(pane, GridPane) and pane.filtering:
            text, change = pane.filter, pane.set_filter
        elif isinstance(pane, (LogPane, SourcePane)) and pane.searching:
            text, change = pane.pattern, pane.set_pattern
        else:
            return False
        if key == "enter":
            change(text)
        elif key == "escape":
            change("")
        elif key in ("backspace", "ctrl+h"):
            change(text[:-1], typing=True)
        elif key == "ctrl+u":
            change("", typing=True)
        elif character is not None and character.isprintable():
            change(text + character, typing=True)
        else:
            pane.key(key)
        return True

    async def _typed_into_pane(self, name: str, key: str) -> None:
        pane = self.focused_pane()
        if name in ("n", "N") and isinstance(pane, (LogPane, SourcePane)) and pane.find(-1 if name == "n" else 1):
            return
        if name in keys.PANE_KEYS:
            await self._do(keys.PANE_KEYS[name], name)
        elif pane is not None and not pane.key(name) and not pane.key(key) and len(name) == 1:
            self.line.say(f"no key {name!r} here: ? shows the keys, : types a command", "dim")

    async def _do(self, key: keys.Key | None, name: str = "") -> None:
        """Carry out a key of the table."""
        if key is None:
            return
        self.line.message = ""
        word, _, operand = key.does.partition(":")
        if word == "run":
            self.submit(operand, typed=False)
            return
        arguments = [int(operand)] if operand else [name] if word == "jump" else []
        done = getattr(self, f"action_{word}")(*arguments)
        if done is not None:
            await done

    def _pasted(self, text: str) -> None:
        self.in_line = True
        for line in self.line.paste(text):
            self.submit(line)

    # -- panes ------------------------------------------------------------------------------------------------------

    def action_next_pane(self) -> None:
        self._turn(1)

    def action_previous_pane(self) -> None:
        self._turn(-1)

    def _turn(self, by: int) -> None:
        """The next pane on the screen; when there is only one, the next pane of all."""
        names = [name for name in self.desk.visible_panes() if name in self.specs]
        if len(names) < 2:
            names = list(self.specs)
        at = names.index(self.focus_name) if self.focus_name in names else -by
        self.focus_on(names[(at + by) % len(names)])

    def action_jump(self, digit: str) -> None:
        found = next((spec.name for spec in self.specs.values() if spec.key == digit), None)
        if found is None:
            self.line.say(f"no pane has the number {digit}", "dim")
        else:
            self.focus_on(found)

    def action_cycle(self) -> None:
        """Another pane in the middle; on a large screen the keys go round."""
        cycle: list[str] = [name for name in MIDDLE_CYCLE if name in self.specs]
        at = cycle.index(self.focus_name) if self.focus_name in cycle else cycle.index(self.desk.wish.middle) - 1
        if self.focus_name not in cycle and self.desk.wish.middle in self.desk.visible_panes():
            at += 1
        name = cycle[(at + 1) % len(cycle)]
        if not fits(*self.size, MEDIUM) and fits(*self.size, NARROW) and not self.desk.wish.zoom:
            self.desk.wants(middle=name)
        self.focus_on(name)

    def action_zoom(self) -> None:
        self.in_line = False
        self.desk.wants(zoom="" if self.desk.wish.zoom else self.focus_name)
        self.refresh_view()

    def action_differ(self) -> None:
        """The next option of the panes that have some."""
        for spec in self.specs.values():
            if spec.options:
                self.option[spec.name] = (self.option.get(spec.name, 0) + 1) % len(spec.options)
        self.refresh_view()

    def action_filter(self) -> None:
        pane = self.focused_pane()
        if isinstance(pane, GridPane):
            pane.set_filter(pane.filter, typing=True)
        elif isinstance(pane, (LogPane, SourcePane)):
            pane.set_pattern("", typing=True)

    def action_choose(self) -> None:
        """Enter on a row."""
        pane = self.focused_pane()
        spec = self.specs.get(pane.pane_name) if pane is not None else None
        if isinstance(pane, GridPane) and spec is not None and spec.choose is not None:
            row = pane.selected_row()
            line = spec.choose(row) if row is not None else ""
            if line:
                self.submit(line, typed=False)

    def action_help(self) -> None:
        showing = self.desk.wish.zoom == HELP
        self.in_line = False
        self.panes[HELP].show(keys.help_lines())
        self.desk.wants(zoom="" if showing else HELP)
        self.refresh_view()

    def action_line(self) -> None:
        self.in_line = True

    def action_less(self) -> None:
        """Esc in a pane: one thing less."""
        pane = self.focused_pane()
        if self.in_line:
            self.in_line = False
        elif isinstance(pane, GridPane) and pane.filter:
            pane.set_filter("")
        elif isinstance(pane, (LogPane, SourcePane)) and pane.pattern:
            pane.set_pattern("")
        elif self.desk.wish.zoom:
            self.desk.wants(zoom="")
            self.refresh_view()

    # -- time -------------------------------------------------------------------------------------------------------

    def action_scrub(self, by: int) -> None:
        tape = self.session.tape
        self.scrub_to(max(0, min(tape.end, tape.cursor + by)))

    def action_mark(self, by: int) -> None:
        self.scrub_to(timeline(self.session, self.runner.stops).next_mark(by > 0))

    def scrub_to(self, position: int) -> None:
        """Move the cursor without a line in the log."""
        session = self.session
        if self.runner.running or position == session.tape.cursor:
            return
        session.execute(f"goto #{position}")
        self.refresh_view()

    def action_bookmark(self) -> None:
        """A bookmark at the cursor, named after the position; a second time takes it away."""
        session = self.session
        here = [name for name, position in session.timeline.bookmarks.items() if position == session.tape.cursor]
        if here:
            for name in here:
                del session.timeline.bookmarks[name]
            self.refresh_view()
        else:
            self.submit(f"bookmark m{session.tape.cursor}", typed=False)

    # -- everywhere -------------------------------------------------------------------------------------------------

    def action_interrupt(self) -> None:
        """Ctrl-C: stop what runs; else drop the line.  It never leaves."""
        if self.runner.running:
            self.runner.interrupt()
            return
        if self.session.open_block:
            self.session.drop_block()
            self.line.prompt = self.session.prompt
        if not self.line.cancel() and self.in_line:
            self.line.say("^D or `quit` leaves", "dim")

    def action_leave(self) -> None:
        """Ctrl-Q, Ctrl-D: leave; with unsaved words only when asked twice."""
        if self.unsaved() and not self.asked_to_leave and self.session.settings["confirm"] == "on":
            self.asked_to_leave = True
            self.line.say("unsaved: `record FILE` keeps this session; the same key again leaves", "changed")
            return
        self.exit(return_code=0)

    async def action_repl(self) -> None:
        """F8: the full prompt on the real terminal, over the same session; the panes come back when it ends."""
        driver = self._driver
        if self.prompt is None or driver is None or not driver.can_suspend or self.runner.running:
            self.line.say("no full prompt here: `kvmdbg repl` opens one", "dim")
            return
        with self.suspend():
            await self.prompt(self.session)
        self._hear_signals()           # the prompt took them
        self.refresh_view()
        self.action_redraw()

    def action_picture(self) -> None:
        """F9: the screen as SVG, in the current directory; no font from the network."""
        self.pictures += 1
        path = Path(f"kvmdbg-{self.session.tape.cursor}-{self.pictures}.svg")
        try:
            path.write_text(picture(self.export_screenshot(title="kvmdbg")), encoding="utf-8")
        except OSError as wrong:
            raise UserError(f"{path}: {wrong.strerror}") from None
        self.line.say(f"wrote {path}", "dim")

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The menu behind F2."""
        for key in (*keys.STEPPING, *keys.TIME, *keys.PLACES, *keys.ALWAYS):
            if key.shown and key.does not in ("jump", "choose", "command_palette", "interrupt", "line"):
                yield SystemCommand(f"{key.meaning}", f"key {key.shown}", self._menu_action(key))
        for spec in self.specs.values():
            yield SystemCommand(f"Pane {spec.title}", "give it the keys", self._menu_line(f"focus {spec.name}"))
        for name in PALETTES:
            yield SystemCommand(f"Theme {name}", "colours", self._menu_line(f"theme {name}"))

    def _menu_action(self, key: keys.Key) -> Callable[[], Any]:
        return lambda: self.call_later(self.guarded, self._do, key)

    def _menu_line(self, line: str) -> Callable[[], Any]:
        return lambda: self.call_later(self.guarded, self.submit, line, False)

    # -- mouse ------------------------------------------------------------------------------------------------------

    async def on_pane_clicked(self, event: Pane.Clicked) -> None:
        await self.guarded(self._clicked, event)

    def _clicked(self, event: Pane.Clicked) -> None:
        pane = event.pane
        if pane.pane_name in self.specs:
            self.focus_on(pane.pane_name)
        if isinstance(pane, GridPane) and event.row >= 0:
            pane.select_at(event.row)

    async def on_timeline_bar_scrubbed(self, event: TimelineBar.Scrubbed) -> None:
        await self.guarded(self.scrub_to, event.position)

    async def on_command_line_clicked(self, event: CommandLine.Clicked) -> None:
        await self.guarded(self.action_line)
