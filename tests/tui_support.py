"""What tests of the terminal program share: a program over a real session, and its screen as text."""

from __future__ import annotations

from typing import Any

from textual.events import Key
from textual.pilot import Pilot

from kvmdbg.session.session import Session
from kvmdbg.ui.tui.app import KvmdbgApp
from kvmdbg.ui.tui.pane import Pane

SMALL = ("map L1 0x400000 0x400000", "inject load 0x400000")
KEYS = {"\n": ("enter", "\r"), "\t": ("tab", "\t"), " ": ("space", " "), ":": ("colon", ":")}     # the others are their own names


def session_of(*lines: str, kernel: str = "v6.12", at_start: bool = True) -> Session:
    """A session that has said these lines, and stands at #0 again."""
    session = Session(kernel, interactive=True)
    for line in lines:
        session.say(line, session.execute(line))
    if at_start and lines:
        session.execute("goto start")
        session.stop_position_before = 0
    return session


def app_of(*lines: str, **more: Any) -> KvmdbgApp:
    """The program over such a session."""
    return KvmdbgApp(session_of(*(lines or SMALL)), "small.kvmdbg", **more)


def screen(app: KvmdbgApp) -> list[str]:
    """The screen as lines of text."""
    compositor = app.screen._compositor
    return [strip.text.rstrip() for strip in compositor.render_strips(app.screen.size)]


def pane_lines(pane: Pane) -> list[str]:
    """One pane as lines of text, its title first."""
    return [pane.render_line(y).text.rstrip() for y in range(pane.size.height)]


def post_keys(app: KvmdbgApp, text: str = "", *keys: str) -> None:
    """Put the keys of a text, then named keys, into the program's queue at once, as a fast hand does; wait for nothing."""
    for letter in text:
        app.post_message(Key(*KEYS.get(letter, (letter, letter))))
    for key in keys:
        app.post_message(Key(key, None))


async def type_keys(pilot: Pilot[int], text: str) -> None:
    """Type a text ahead of the program, then wait until it has caught up; a line end is Enter."""
    assert isinstance(pilot.app, KvmdbgApp)
    post_keys(pilot.app, text)
    await pilot.pause()
