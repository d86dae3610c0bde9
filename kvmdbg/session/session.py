"""A session: a machine on a timeline, and everything a person has said about it.  All faces speak to this one object.

`execute(line)` parses and runs one line and returns plain results.  A command that fails changes nothing.  `start(line)`
is the same for programs with a screen: a motion that may take long is left pending, and `pump()` moves it on piece by
piece.  Setting `interrupt` stops a motion where it has come to.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from kvmdbg.catalog import open_drawer
from kvmdbg.errors import ExpectationFailed, KvmdbgError, ModelBug, ScriptError, UserError
from kvmdbg.machine.eras import versions
from kvmdbg.machine.hw.state import Caps
from kvmdbg.machine.kvm.state import Config
from kvmdbg.session import parse, reports, script
from kvmdbg.session.before import Before
from kvmdbg.session.journey import Journey
from kvmdbg.session.narrate import narration
from kvmdbg.session.parse import Completion
from kvmdbg.session.results import Many, Result, Stop, Text, parts
from kvmdbg.session.state import LogLine, State

__all__ = ["LogLine", "Session"]

CHUNK: Final = 20_000            # entries between two looks at `interrupt`
DEEPEST: Final = 50              # user-defined words and scripts inside one another


@dataclass(slots=True)
class Block:
    """Lines being collected up to `end`."""

    head: str
    lines: list[str]
    depth: int = 1


@dataclass(slots=True)
class Pending:
    """A command whose journey is under way."""

    line: str
    record: bool
    before: Before
    journey: Journey


class Session(State):
    """One debugging session.

    kernel: as versions.kernel() reads it.  listening: keep the model's call stack with every entry (source, step by line).
    interactive: an empty line repeats, and faces may ask questions.  kernel_wins: a `kernel` line in a script is ignored.
    read_file, write_file: how `source` and `record FILE` reach files.
    """

    def __init__(self, kernel: str = versions.MAINLINE, config: Config = Config(), caps: Caps = Caps(), listening: bool = True,
                 interactive: bool = False, kernel_wins: bool = False, read_file: Callable[[str], str] | None = None,
                 write_file: Callable[[str, str], None] | None = None) -> None:
        open_drawer("kvmdbg.session.commands")
        reports.load()
        self.failures: list[UserError] = []
        self.repeat_line = ""
        self.interrupt = False
        self.columns = 0                 # how wide whoever prints is; 0: nobody said
        self.pending: Pending | None = None
        self.block: Block | None = None
        self.queue: list[str] = []                             # the commands of the breakpoint that stopped last
        self.depth = 0                                         # scripts and words inside one another
        super().__init__(kernel, config, caps, listening, interactive, kernel_wins, read_file, write_file)

    @property
    def prompt(self) -> str:
        return ">" if self.block is not None else "(kvmdbg) "

    @property
    def open_block(self) -> str:
        """The line whose block waits for its `end`; "" when none does."""
        return self.block.head if self.block is not None else ""

    def drop_block(self) -> None:
        """Forget a block that was not finished."""
        self.block = None

    @property
    def running(self) -> bool:
        """Is a motion pending that `pump` moves on?"""
        return self.pending is not None

    # -- lines -------------------------------------------------------------------------------------------------------

    def execute(self, line: str) -> Result:
        """Run one line (or several, one below the other) to its end.

        raises: UserError for a mistake, ModelBug when kvmdbg itself is wrong; nothing has changed then.
        """
        if "\n" in line:
            return _together([self.execute(one) for one in line.split("\n")])
        results = [self.start(line)]
        while self.pending is not None:
            results.append(self.pump(CHUNK))
        return _together(results)

    def start(self, line: str) -> Result:
        """As execute, but leaves a motion pending (`running`)."""
        if self.pending is not None:
            raise UserError("a motion is under way", "Ctrl-C stops it.")
        if self.block is not None:
            return self._collect(line)
        said = script.without_comment(line)
        if not said:
            if not (self.interactive and self.repeat_line and not line.strip() and not self.depth):
                return None
            said = self.repeat_line
        elif self.interactive and not self.depth:
            self.repeat_line = ""
        if self.depth and self.interrupt:
            raise UserError("Interrupted.")
        self.interrupt = self.interrupt and bool(self.depth)
        return self._drain(self._one(said, record=True))

    def start_continue(self, reverse: bool = False) -> Result:
        return self.start("reverse-continue" if reverse else "continue")

    def pump(self, budget: int = 2_000) -> Result:
        """Move the pending motion over at most about `budget` entries; its result, or None while it goes on."""
        pending = self.pending
        if pending is None:
            return None
        try:
            stop = pending.journey.interrupt() if self.interrupt else pending.journey.pump(budget)
        except BaseException as wrong:
            self.pending = None
            self._go_back(pending.before, pending.line, wrong)
            raise
        if stop is None and not self.interrupt:
            return None
        self.pending = None
        if stop is None:
            stop = Stop(self.tape.cursor, "interrupted", "Interrupted.")
        return self._drain(self._arrived(pending, stop))

    def _one(self, line: str, record: bool, body: tuple[str, ...] | None = None) -> Result:
        """One command; its journey, if it is one, is left pending."""
        word, rest = parse.head(line)
        name = parse.resolve(word, self.defined)
        if rest.strip() == "?":
            line, name = f"help {name}", "help"
        if name in self.defined:
            return self._run_defined(name, rest.split())
        entry = parse.COMMANDS[name]
        if entry.block and body is None:
            parse.parse(self, line, name)
            self.block = Block(line, [])
            return None
        call = parse.parse(self, line, name)
        if entry.repeatable and not self.depth:
            self.repeat_line = line
        before = Before.of(self)
        extra = {"body": body} if entry.block else {}
        try:
            result = entry.run(self, **call.arguments, **extra)
        except BaseException as wrong:
            if entry.composite and isinstance(wrong, KvmdbgError):
                raise
            self._go_back(before, line, wrong)
            raise
        record = record and entry.recorded and not entry.composite
        if isinstance(result, Journey):
            self.pending = Pending(line, record, before, result)
            return None
        if record:
            self.words.append("\n".join((line, *(f"  {one}" for one in body), "end")) if body is not None else line)
        plain: Result = result
        return plain

    def _collect(self, line: str) -> Result:
        """One more line of a block; at its `end` the block's command runs."""
        block = self.block
        assert block is not None
        said = script.without_comment(line)
        word = parse.head(said)[0]
        if said == "end":
            block.depth -= 1
        elif word and parse.ALIASES.get(word) in parse.COMMANDS and parse.COMMANDS[parse.ALIASES[word]].block:
            block.depth += 1
        if block.depth:
            if said:
                block.lines.append(said)
            return None
        self.block = None
        return self._drain(self._one(block.head, record=True, body=tuple(block.lines)))

    def _run_defined(self, name: str, arguments: list[str]) -> Result:
        """A word of the person's own: its lines, with $arg0 ... and $argc put in."""
        found = []
        for one in self.defined[name]:
            for number in reversed(range(len(arguments))):
                one = one.replace(f"$arg{number}", arguments[number])
            found.append(one.replace("$argc", str(len(arguments))))
        return self.nested(found)

    def nested(self, lines: list[str]) -> Result:
        """Run lines inside a command.  raises: UserError of the first that fails; those before it stay done."""
        if self.depth >= DEEPEST:
            raise UserError("Max user call depth exceeded.", "A word calls itself, or a script reads itself.")
        self.depth += 1
        try:
            return _together([self.execute(line) for line in lines])
        finally:
            self.depth -= 1
            self.block = None

    def _drain(self, result: Result) -> Result:
        """After a stop: the commands of the breakpoint that stopped, until one of them moves on."""
        results = [result]
        while self.queue and self.pending is None:
            line = self.queue.pop(0)
            if line.strip() == "silent":
                continue
            try:
                results.append(self._one(line, record=False))
            except ExpectationFailed:
                raise
            except UserError as wrong:              # the stop itself must still be told
                results.append(Text(f"Error in the commands of a breakpoint: {line}: {wrong}", "error"))
        return _together(results)

    # -- stops -------------------------------------------------------------------------------------------------------

    def _arrived(self, pending: Pending, stop: Stop) -> Result:
        """A journey is over: remember it, tell what happened on the way, queue the breakpoint's commands."""
        start = pending.before.cursor if pending.before.timeline is self.timeline else 0
        if pending.record:
            self.words += self._said(pending, stop, start)
        told = narration(self.kvm, self.settings["narrate"], start, stop.position)
        commands = self._commands_of(stop)
        self.queue = list(commands)
        stop = self.note_stop(stop, start)
        silent = bool(commands) and commands[0].strip() == "silent"
        return _together([told, None if silent else stop])

    def _said(self, pending: Pending, stop: Stop, start: int) -> list[str]:
        """What a recording says for a journey; where it was interrupted depends on nothing that could happen again."""
        if stop.reason != "interrupted":
            return [pending.line]
        if len(self.timeline.edits) > pending.before.edits:
            return [pending.line, f"goto #{stop.position}"]
        way = stop.position - start
        return [f"stepi {way}" if way > 0 else f"reverse-stepi {-way}"] if way else []

    def _commands_of(self, stop: Stop) -> tuple[str, ...]:
        number = stop.breakpoint
        if number is None:
            return ()
        return self.breakpoints[number].commands if number in self.breakpoints else ()

    # -- when something goes wrong -------------------------------------------------------------------------------------

    def _go_back(self, before: Before, line: str, wrong: BaseException) -> None:
        """Put everything back as it was before the command.  raises: ModelBug for an exception that is not of our making."""
        before.put_back(self)
        self.queue.clear()
        if isinstance(wrong, Exception) and not isinstance(wrong, KvmdbgError):
            raise ModelBug(f"{line!r} failed with {type(wrong).__name__}: {wrong}.  Nothing has changed; "
                           "`record FILE` writes a script that leads here.", before.cursor) from wrong

    # -- for faces ---------------------------------------------------------------------------------------------------

    def completions(self, text: str, cursor: int | None = None) -> list[Completion]:
        """What could stand at the cursor (default: the end of `text`)."""
        text = text if cursor is None else text[:cursor]
        if self.block is not None and parse.resolve(parse.head(self.block.head)[0]) == "program":
            inner = [one._replace(start=one.start - len("inject ")) for one in parse.complete(self, f"inject {text}")]
            end = [Completion("end", 0, "end of the block")] if "end".startswith(text.strip()) else []
            return [*inner, *end]
        return parse.complete(self, text, self.defined)

    def validate(self, text: str) -> str:
        """What is wrong with a line, without running it; "" when nothing is."""
        said = script.without_comment(text)
        if not said or self.block is not None:
            return ""
        try:
            word, rest = parse.head(said)
            name = parse.resolve(word, self.defined)
            if name not in self.defined and rest.strip() != "?":
                parse.parse(self, said, name)
        except UserError as wrong:
            return str(wrong)
        return ""

    def run_script(self, name: str, text: str, each: Callable[[script.Line, Result], Any] = lambda line, result: None,
                   failed: Callable[[ScriptError], Any] = lambda failure: None) -> script.Ran:
        """Run a script; see script.run().  raises: ScriptError."""
        ran = script.run(self, name, text, each, failed)
        self.failures += ran.failures
        return ran


def _together(results: list[Result]) -> Result:
    flat = tuple(part for result in results for part in parts(result))
    return Many(flat) if len(flat) > 1 else flat[0] if flat else None
