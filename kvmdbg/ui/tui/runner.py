"""Running lines: one after the other, long motions in small pieces, everything that is said on the log.

At most CHUNK seconds of model work, then a real sleep as long as that: a sleep of 0 would starve the screen (its timers and
its painting never win).  A line that is submitted while something runs waits its turn.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

from kvmdbg.errors import ModelBug, UserError
from kvmdbg.session.grid import Grid
from kvmdbg.session.results import Listing, Result, Stop, parts
from kvmdbg.session.session import Session
from kvmdbg.session.state import LogLine
from kvmdbg.ui.plain import text_of

CHUNK: Final = 0.005           # seconds of model work before the screen gets as much
PIECE: Final = 40              # entries of the tape between two looks at the clock
SHOWN: Final = 0.1             # seconds between two looks at the position while something runs
Outcome = Result | UserError | ModelBug


class Submitted(NamedTuple):
    """A line that is to be run."""

    line: str
    typed: bool       # in the command line; otherwise a key stands for it


class Runner:
    """The lines of one session.

    own: runs a line that is the screen's own word, and says whether it was.  said: told after each line what came of it.
    width: columns for tables in the log.  clock: seconds; whether a line is done within its first CHUNK depends on it.
    """

    def __init__(self, session: Session, own: Callable[[str], bool], said: Callable[[Submitted, Outcome], None],
                 width: Callable[[], int], clock: Callable[[], float] = time.perf_counter) -> None:
        self.session = session
        self.own = own
        self.said = said
        self.width = width
        self.clock = clock
        self.waiting: deque[Submitted] = deque()
        self.running = False
        self.stops: set[int] = set()        # where breakpoints stopped on this timeline
        self._timeline = session.timeline
        self._current = Submitted("", False)
        self._logged = True                 # the current line is on the log

    def submit(self, line: str, typed: bool = True) -> None:
        """Put a line behind those that wait."""
        self.waiting.append(Submitted(line, typed))

    def drain(self) -> bool:
        """Run what waits until something takes longer; True when it goes on: `run_on` is to be awaited then."""
        while self.waiting and not self.running:
            self._run(self.waiting.popleft())
        return self.running

    def interrupt(self) -> None:
        """Stop what runs where it has come to, and forget what waits."""
        self.session.interrupt = True
        self.waiting.clear()

    async def run_on(self, show: Callable[[], None]) -> None:
        """Work and sleep in turns until nothing runs; `show` is called now and then."""
        shown = self.clock()
        while self.running:
            await asyncio.sleep(CHUNK)
            self._pump()
            if self.clock() - shown > SHOWN:
                shown = self.clock()
                show()

    # -- one line ---------------------------------------------------------------------------------------------------

    def _run(self, submitted: Submitted) -> None:
        self._current, self._logged = submitted, False
        try:
            if self.own(submitted.line):
                self._log(None)
                return
            self.session.columns = self.width()
            result = self.session.start(submitted.line)
        except Exception as wrong:
            self._log(self._mistake(wrong))
            return
        if not self.session.running:
            self._log(result)
            return
        if not submitted.line.strip():
            self._current = submitted._replace(line=self.session.repeat_line)
        if result is not None:
            self._log(result)
        self.running = True
        self._pump()

    def _pump(self) -> None:
        """Move the motion on for CHUNK seconds."""
        until = self.clock() + CHUNK
        while self.session.running:
            try:
                result = self.session.pump(PIECE)
            except Exception as wrong:
                self._log(self._mistake(wrong))
                break
            if result is not None:
                self._log(result)
            if self.clock() >= until:
                break
        self.running = self.session.running

    def _mistake(self, wrong: Exception) -> UserError | ModelBug:
        if isinstance(wrong, (UserError, ModelBug)):
            return wrong
        return ModelBug(f"{type(wrong).__name__}: {wrong}", self.session.tape.cursor)

    # -- the log ----------------------------------------------------------------------------------------------------

    def _log(self, outcome: Outcome) -> None:
        """Put the current line (once) and what came of it on the log, tables in full."""
        session = self.session
        if session.timeline is not self._timeline:
            self._timeline = session.timeline
            self.stops.clear()
        line = "" if self._logged else self._current.line
        self._logged = True
        if isinstance(outcome, (UserError, ModelBug)):
            session.say(line, outcome)
        else:
            session.say(line, None)
            for part in parts(outcome):
                self._log_part(part)
        self.stops = {position for position in self.stops if position < session.tape.end}
        self.said(self._current, outcome)

    def _log_part(self, part: Result) -> None:
        session = self.session
        if isinstance(part, (Grid, Listing)):
            session.log += [LogLine(session.tape.cursor, row, "said") for row in text_of(part, self.width()).split("\n")]
            return
        if isinstance(part, Stop) and (part.breakpoint is not None or part.reason == "forbidden"):
            self.stops.add(part.position)
        session.say("", part)
