"""What a session consists of: a machine on a timeline, breakpoints, values, settings, and what was said so far."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

from kvmdbg.errors import ModelBug, UserError
from kvmdbg.machine.boot import boot
from kvmdbg.machine.eras import versions
from kvmdbg.machine.hw.state import Caps
from kvmdbg.machine.kvm.state import Config, Kvm
from kvmdbg.session import machine_words, script
from kvmdbg.session.breakpoints import Breakpoints
from kvmdbg.session.formats import displayed
from kvmdbg.session.grid import Grid
from kvmdbg.session.names import calls, late_names
from kvmdbg.session.results import Listing, Result, Stop, Text, Value, parts
from kvmdbg.session.scope import Scope
from kvmdbg.session.settings import SETTINGS, STOP_ON_FORBIDDEN
from kvmdbg.session.timeline import Timeline
from kvmdbg.tape import Tape

ADOPTED: Final = ("kvm", "caps", "origin", "printed", "timeline", "breakpoints", "current_vcpu", "frame", "last_stop",
                  "stop_position_before", "history", "variables", "displays", "defined", "words")


class LogLine(NamedTuple):
    """One line of what was typed and said.  style: "typed", "said", "error", "narration"."""

    position: int
    text: str
    style: str


class State:
    """The data of a Session; see there for the arguments."""

    def __init__(self, kernel: str, config: Config, caps: Caps, listening: bool, interactive: bool, kernel_wins: bool,
                 read_file: Callable[[str], str] | None, write_file: Callable[[str, str], None] | None) -> None:
        self.listening = listening
        self.interactive = interactive
        self.kernel_wins = kernel_wins
        self.read_file = read_file or read_text
        self.write_file = write_file or write_text
        self.breakpoints = Breakpoints()
        self.history: list[Any] = []                           # $1, $2, ...
        self.variables: dict[str, Any] = {}                    # $name
        self.displays: dict[int, tuple[str, str]] = {}         # number -> (format letter, expression)
        self.settings = {name: one.default for name, one in SETTINGS.items()}
        self.defined: dict[str, tuple[str, ...]] = {}          # the person's own words
        self.log: list[LogLine] = []
        self.words: list[str] = []                             # what a recording repeats
        self.left: dict[str, Any] = {}                         # the session that a `load` replaced: see present()
        self.list_from: tuple[str, str, int] | None = None     # file, function and first line that `list` showed last
        self.choose(STOP_ON_FORBIDDEN, self.settings[STOP_ON_FORBIDDEN])
        self.begin(kernel, config, caps)

    def choose(self, name: str, value: str) -> None:
        """Give a setting a value that it may have."""
        self.settings[name] = value
        if name == STOP_ON_FORBIDDEN:
            self.breakpoints.stop_on_forbidden(value == "on")

    def begin(self, kernel: str, config: Config, caps: Caps) -> None:
        """A fresh machine at #0.  raises: UserError, Unsupported; the session keeps its machine then."""
        self.take(boot(versions.kernel(kernel), config, caps, listening=self.listening), caps)

    def take(self, made: Kvm, caps: Caps, origin: str = "", printed: frozenset[int] = frozenset()) -> None:
        """Go on with a machine at #0.

        origin: the `load` line that made it what it is; "" for one that was just booted.  printed: the fields of vmcs01 that a dump
        had, where one was loaded.
        """
        self.breakpoints.bind(made)
        self.kvm = made
        self.caps = caps
        self.origin = origin
        self.printed = printed
        self.timeline = Timeline(made)
        self.current_vcpu = 0
        self.frame = 0                                         # the selected frame, 0 innermost
        self.last_stop: Stop | None = None
        self.stop_position_before = 0                          # change marks count from here

    def adopt(self, other: State) -> None:
        """Go on with the machine, the timeline and the breakpoints of another session (the same words on another kernel)."""
        self.__dict__.update(other.present())

    def present(self) -> dict[str, Any]:
        """Everything that belongs to the machine and to what was said to it."""
        return {name: getattr(self, name) for name in ADOPTED}

    def begin_anew(self) -> None:
        """Forget what was said and set, but for settings and words of one's own; `left` is the way back."""
        self.left = self.present()
        self.words = [word for word in self.words if word.partition(" ")[0] in ("set", "define")]
        self.breakpoints, self.history, self.variables, self.displays = Breakpoints(), [], {}, {}
        self.choose(STOP_ON_FORBIDDEN, self.settings[STOP_ON_FORBIDDEN])

    @property
    def tape(self) -> Tape:
        return self.timeline.tape

    @property
    def kernel(self) -> str:
        """The kernel's name, as `kernel` takes it."""
        return self.kvm.era.name

    def scope(self, local: dict[str, Any] | None = None) -> Scope:
        """Where expressions look up names, at the cursor.  local: names that come first."""
        return Scope(self.kvm, self.kvm.vcpus[self.current_vcpu], local or {}, self.history, self.variables,
                     late_names(self), calls(self))

    def shown_displays(self) -> tuple[Value, ...]:
        """Every `display` line at the cursor."""
        return tuple(displayed(self.scope(), number, *self.displays[number]) for number in self.displays)

    def note_stop(self, stop: Stop, start: int) -> Stop:
        """Make `stop` the last one, with what the displays say; change marks count from `start`."""
        self.frame = 0
        self.list_from = None
        self.stop_position_before = min(start, self.tape.end)
        stop = Stop(stop.position, stop.reason, stop.text, stop.breakpoint, stop.where, self.shown_displays())
        self.last_stop = stop
        return stop

    # -- what was said ---------------------------------------------------------------------------------------------

    def say(self, line: str, result: Result | UserError | ModelBug) -> None:
        """Put a typed line and what came of it on the log.  Faces with a log call this."""
        at = self.tape.cursor
        if line.strip():
            self.log.append(LogLine(at, line, "typed"))
        if isinstance(result, (UserError, ModelBug)):
            self.log += [LogLine(at, one, "error") for one in str(result).split("\n")]
            return
        for part in parts(result):
            text, style = spoken(part)
            self.log += [LogLine(at, one, style) for one in text.split("\n") if text]

    def record(self) -> str:
        """The session as a script that ends with the digest of the present state."""
        return script.written(self.kernel, self.machine_words(), self.origin, self.words, self.tape.digest(), self.tape.cursor)

    def machine_words(self) -> str:
        """What `machine` was told, "" for the machine that one gets anyway."""
        return " ".join(machine_words.changed(self.kvm.config, self.caps))


def spoken(part: Result) -> tuple[str, str]:
    """A result as text for the log, and its style; of a table the title."""
    match part:
        case Text():
            return part.text, part.style or "said"
        case Stop():
            return "\n".join((part.text, *(value.text for value in part.displays))), "said"
        case Value():
            return part.text, "said"
        case Grid():
            return f"{part.title}: {len(part.rows)} rows", "said"
        case Listing():
            return f"{part.function} () in {part.file}", "said"
        case _:
            return "", "said"


def read_text(path: str) -> str:
    """A text file.  raises: UserError with the reason."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as wrong:
        raise UserError(f"{path}: {getattr(wrong, 'strerror', None) or 'not a text file'}") from None


def write_text(path: str, text: str) -> None:
    """Write a text file.  raises: UserError with the reason."""
    try:
        Path(path).write_text(text, encoding="utf-8")
    except (OSError, ValueError) as wrong:
        raise UserError(f"{path}: {getattr(wrong, 'strerror', None) or wrong}") from None
