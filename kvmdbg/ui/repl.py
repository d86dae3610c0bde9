"""`kvmdbg repl`: a prompt over the session, with completion, history, colours and a line that says where one stands.

Lines are executed one by one as they are typed, also ahead of the program: nothing refuses a line before Enter, since the
next line may be in the terminal already.  While a motion runs, Ctrl-C stops it where it has come to; at the prompt it
drops the line.  It never ends the program; Ctrl-D does.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

try:
    import termios
except ImportError:              # not on Windows
    termios = None               # type: ignore[assignment]

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, get_common_complete_suffix
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.key_binding.key_processor import KeyPressEvent
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.patch_stdout import patch_stdout

from kvmdbg.errors import ModelBug, UserError
from kvmdbg.session.report_view import current_vcpu, runs
from kvmdbg.session.results import Quit, Result, parts
from kvmdbg.session.session import Session
from kvmdbg.ui.console import screen_width
from kvmdbg.ui.plain import text_of
from kvmdbg.ui.promptkit import KvmdbgCompleter, history_path, make_auto_suggest, make_history, make_lexer, prompt_style
from kvmdbg.ui.themes import DARK, PALETTES

GREETING: Final = "kvmdbg: Ctrl-D leaves, Tab completes, \"help\" helps."
LOCAL_MODES: Final = 3         # index of c_lflag in what termios.tcgetattr() gives
BUDGET: Final = 2_000          # tape entries between two looks at the terminal


async def prompt_loop(session: Session) -> int:
    """Read and execute lines until the end of input or `quit`; its code.  Runs in the event loop of whoever calls."""
    with interruptible(session):           # also between two lines: the event loop's own handler would end the program
        print(GREETING)
        if os.environ.get("TERM", "") in ("", "dumb", "unknown"):
            return await loop(session, bare_line)
        prompt = make_prompt(session)
        with keys_kept(), patch_stdout(raw=True):
            return await loop(session, prompt.prompt_async)


async def bare_line(prompt: str) -> str:
    """A line from a terminal that cannot move its cursor: nothing but text goes to and fro.

    Ctrl-C counts from before the prompt can be read: who sees the prompt may type it.  raises: EOFError, KeyboardInterrupt.
    """
    before = signal.getsignal(signal.SIGINT)
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        print(prompt, end="", flush=True)
        line = sys.stdin.readline()
    except KeyboardInterrupt:
        print()
        raise
    finally:
        signal.signal(signal.SIGINT, before)
    if not line:
        raise EOFError
    return line.rstrip("\n")


async def loop(session: Session, read: Callable[[str], Awaitable[str]]) -> int:
    """Execute what `read` gives until it or the session ends."""
    while True:
        try:
            line = await read(session.prompt)
        except KeyboardInterrupt:
            session.drop_block()
            continue
        except EOFError:
            return 0
        code = await carry_out(session, line)
        if code is not None:
            return code


def make_prompt(session: Session) -> PromptSession[str]:
    """The prompt with everything that it shares with the terminal program's command line."""
    colourless = bool(os.environ.get("NO_COLOR"))
    palette = None if colourless else PALETTES.get(os.environ.get("KVMDBG_THEME", ""), DARK)
    prompt: PromptSession[str] = PromptSession(
        completer=KvmdbgCompleter(session), history=make_history(history_path()), auto_suggest=make_auto_suggest(),
        lexer=make_lexer(), style=prompt_style(palette), color_depth=ColorDepth.DEPTH_1_BIT if colourless else None,
        key_bindings=tab_key(), complete_while_typing=False, enable_history_search=True, enable_open_in_editor=False,
        enable_suspend=True)
    prompt.bottom_toolbar = lambda: toolbar(session, prompt.default_buffer.text)
    return prompt


def tab_key() -> KeyBindings:
    """Tab completes at once, so that keys typed behind it come after it: what is common is inserted, else the menu opens."""
    bindings = KeyBindings()

    @bindings.add("tab")
    def complete(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.complete_state is not None:
            buffer.complete_next()
            return
        found = list(buffer.completer.get_completions(buffer.document, CompleteEvent(completion_requested=True)))
        common = get_common_complete_suffix(buffer.document, found)
        if len(found) == 1:
            buffer.apply_completion(found[0])
        elif common:
            buffer.insert_text(common)
        elif found:
            buffer.start_completion()

    return bindings


def toolbar(session: Session, typed: str) -> FormattedText:
    """Where the session stands, or what is wrong with the line so far, once its first word is complete."""
    wrong = session.validate(typed) if " " in typed.strip() else ""
    return FormattedText([("", f" {wrong or position(session)}")])


def position(session: Session) -> str:
    """ "#42/128  v6.12  vcpu0 L2 (running L0)  Breakpoint 2, flush" """
    vcpu = current_vcpu(session)
    stop = session.last_stop
    return "  ".join([f"#{session.tape.cursor}/{session.tape.end}", session.kernel, f"vcpu{vcpu.id} {runs(session.kvm, vcpu)}",
                      *([stop.text.partition("\n")[0]] if stop is not None and stop.position == session.tape.cursor else [])])


async def carry_out(session: Session, line: str) -> int | None:
    """Execute one line and print what it says; the exit code when it was `quit`."""
    with interruptible(session):
        try:
            session.columns = screen_width()
            code = said(session.start(line))
            while session.running:
                code = said(session.pump(BUDGET))
                await asyncio.sleep(0)
        except (UserError, ModelBug) as wrong:
            print(wrong)
            return None
    return code


def said(result: Result) -> int | None:
    """Print a result; the code of a Quit in it."""
    text = text_of(result, screen_width())
    if text:
        print(text)
    return next((part.code for part in parts(result) if isinstance(part, Quit)), None)


@contextmanager
def keys_kept() -> Iterator[None]:
    """Between two prompts the terminal keeps what is typed ahead as it is: no echo, and no editing by the terminal itself.

    It would swallow a Ctrl-D or a Tab.  Ctrl-C and Ctrl-Z still are signals.
    """
    if termios is None or not sys.stdin.isatty():
        yield
        return
    before = termios.tcgetattr(sys.stdin)
    kept = list(before)
    kept[LOCAL_MODES] &= ~(termios.ICANON | termios.ECHO)
    termios.tcsetattr(sys.stdin, termios.TCSANOW, kept)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


@contextmanager
def interruptible(session: Session) -> Iterator[None]:
    """While a line is carried out Ctrl-C asks the session to stop, instead of breaking it off in the middle of an action."""

    def ask(number: int, frame: FrameType | None) -> None:
        session.interrupt = True

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
