"""The command catalogue and its parser: annotations of a command's function parse, complete and describe its operands.

A command is declared in a file of `commands/`:

    @command("goto", group="motion", aliases=("ugo",), examples=("goto #12", "goto end"))
    def goto(s: Session, position: Position) -> Result: ...

`Position` is `Annotated[int, POSITION]`: a plain int for the type checker, an Operand for the parser.  Names resolve as
in gdb: an exact name or alias first (so a one-letter alias always wins), then a unique prefix of a name.
"""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Final, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

from kvmdbg.catalog import Catalog
from kvmdbg.errors import ModelBug, UserError

GROUPS: Final = {
    "motion": "Stepping forwards and backwards, and going to a place",
    "stops": "Breakpoints, watchpoints, and what happens at a stop",
    "data": "Looking at values, memory, tables and the model's source",
    "machine": "Changing the machine: kernel, instructions, page tables, the host",
    "session": "Scripts, recordings, assertions, undo",
    "support": "Help and settings",
}
F = TypeVar("F", bound=Callable[..., Any])
_WORD: Final = re.compile(r"\s*([A-Za-z_][\w-]*|\S)")


class Candidate(NamedTuple):
    """One completion inside an operand.  start: offset in the operand's text from which it replaces."""

    text: str
    start: int = 0
    meaning: str = ""


class Completion(NamedTuple):
    """One completion of a line.  start: column from which `text` replaces what was typed up to the cursor."""

    text: str
    start: int
    meaning: str = ""


class Missing:
    """What `take` returns for an operand that is not there (a word that belongs to the next operand)."""


MISSING: Final = Missing()
REQUIRED: Final[Any] = Missing()      # the default of an operand that must be there behind one that may be left out


class Operand:
    """How one operand of a command is written: the base of every operand type, and the type of a single word."""

    name: str = "WORD"
    describe: str = "a word"
    whole_line: bool = False          # takes the rest of the line
    to_the_end: bool = False          # takes the rest of the line if it is there at all
    slash: bool = False               # stands behind the command as `/FMT`
    path: bool = False                # may begin with a slash itself

    def take(self, session: Any, text: str) -> tuple[Any, str]:
        """Parse the beginning of `text` (not empty, no blanks in front): the value, or MISSING, and what is left.

        raises: UserError that says what would be right.
        """
        if self.whole_line:
            return self.parse(session, text.strip()), ""
        word, _, rest = text.partition(" ")
        return self.parse(session, word), rest

    def parse(self, session: Any, word: str) -> Any:
        """The value of one word (or of the whole rest of the line)."""
        return word

    def complete(self, session: Any, text: str) -> Iterable[Candidate]:
        """What could stand where `text`, the operand as far as it is typed, ends."""
        return ()


class Slot(NamedTuple):
    """One operand of one command."""

    name: str
    operand: Operand
    required: bool
    default: Any


@dataclass(slots=True, frozen=True)
class Command:
    """One entry of the catalogue."""

    name: str
    aliases: tuple[str, ...]
    group: str
    examples: tuple[str, ...]
    repeatable: bool              # an empty line repeats it, in interactive use
    recorded: bool                # belongs to a recording: it changes the machine or what later words mean
    block: bool                   # its lines follow, up to `end`; its function gets them as `body`
    composite: bool               # runs other lines, which are recorded and taken back one by one
    slots: tuple[Slot, ...]
    summary: str
    help: str
    run: Callable[..., Any]

    @property
    def usage(self) -> str:
        """`step [COUNT]`"""
        words = [f"{slot.operand.name}" if slot.required else f"[{slot.operand.name}]" for slot in self.slots
                 if not slot.operand.slash]
        slash = "".join("[/FMT]" for slot in self.slots if slot.operand.slash)
        return " ".join([self.name + slash, *words])


class Call(NamedTuple):
    """A line, understood: a command and the values of its operands."""

    command: Command
    arguments: dict[str, Any]
    line: str


COMMANDS: Final[Catalog[Command]] = Catalog("command")
ALIASES: Final[Catalog[str]] = Catalog("command alias")


def command(name: str, *, group: str, aliases: tuple[str, ...] = (), examples: tuple[str, ...] = (), repeatable: bool = False,
            recorded: bool = True, block: bool = False, composite: bool = False) -> Callable[[F], F]:
    """Declare a command: its function takes the Session and the operands that its annotations describe."""

    def declare(function: F) -> F:
        if group not in GROUPS:
            raise ModelBug(f"command {name!r} is in no group of help: {group!r}")
        help_text = inspect.getdoc(function) or ""
        COMMANDS.add(name, Command(name, aliases, group, examples, repeatable, recorded, block, composite, tuple(_slots(function)),
                                   help_text.partition("\n")[0], help_text, function))
        for alias in (name, *aliases):
            ALIASES.add(alias, name)
        return function

    return declare


def _slots(function: Callable[..., Any]) -> Iterator[Slot]:
    hints = get_type_hints(function, include_extras=True)
    parameters = list(inspect.signature(function).parameters.values())
    for parameter in parameters[1:]:
        if parameter.name == "body":
            continue
        required = parameter.default is inspect.Parameter.empty or parameter.default is REQUIRED
        yield Slot(parameter.name, _operand(hints[parameter.name]), required, None if required else parameter.default)


def _operand(hint: Any) -> Operand:
    for part in (hint, *get_args(hint)):
        if get_origin(part) is Annotated:
            for extra in part.__metadata__:
                if isinstance(extra, Operand):
                    return extra
    raise ModelBug(f"an operand's annotation has no Operand: {hint!r}")


# -- names ---------------------------------------------------------------------------------------------------------


def head(line: str) -> tuple[str, str]:
    """The command's word and the rest, which begins with what follows it directly (a blank, `/`, or nothing)."""
    match = _WORD.match(line)
    return (match.group(1), line[match.end():]) if match else ("", "")


def resolve(word: str, extra: Iterable[str] = ()) -> str:
    """The command's full name: exact, alias, or unique prefix.  extra: names that the person defined.

    raises: UserError in gdb's voice for an unknown or an ambiguous word.
    """
    extra = tuple(extra)
    if word in extra:
        return word
    exact = ALIASES.get(word)
    if exact is not None:
        return exact
    found = sorted(name for name in (*COMMANDS.names(), *extra) if name.startswith(word))
    if len(found) == 1:
        return found[0]
    if found:
        raise UserError(f'Ambiguous command "{word}": {", ".join(found)}.')
    close = difflib.get_close_matches(word, (*ALIASES.names(), *extra), n=1, cutoff=0.7)
    hint = f'Did you mean "{ALIASES.get(close[0]) or close[0]}"?' if close else ""
    raise UserError(f'Undefined command: "{word}".  Try "help".', hint)


def parse(session: Any, line: str, name: str) -> Call:
    """Understand `line`, whose command is `name`.  raises: UserError for an operand that is missing, wrong or too much."""
    entry = COMMANDS[name]
    text = head(line)[1]
    values: dict[str, Any] = {}
    for slot in entry.slots:
        value, text = _take(session, entry, slot, text)
        values[slot.name] = value
    if text.strip():
        raise UserError(f"{entry.name}: {text.strip()!r} is too much", f"Write: {entry.usage}.")
    return Call(entry, values, line)


def _take(session: Any, entry: Command, slot: Slot, text: str) -> tuple[Any, str]:
    if slot.operand.slash:
        if not text.startswith("/"):
            return slot.default, text
        word, _, text = text[1:].partition(" ")
        return slot.operand.parse(session, word), text
    text = text.lstrip()
    if text.startswith("/") and not (slot.operand.whole_line or slot.operand.path):
        raise UserError(f"{entry.name} takes no format", f"Write: {entry.usage}.")
    value: Any = MISSING
    if text:
        value, text = slot.operand.take(session, text)
    if value is not MISSING:
        return value, text
    if slot.required:
        raise UserError(f"{entry.name}: {slot.operand.name} is missing: {slot.operand.describe}", f"Write: {entry.usage}.")
    return slot.default, text


# -- completion ----------------------------------------------------------------------------------------------------


def complete(session: Any, text: str, extra: Iterable[str] = ()) -> list[Completion]:
    """What could stand where `text` ends: commands for the first word, then what the operand's type offers."""
    extra = tuple(extra)
    word, rest = head(text)
    start = len(text) - len(text.lstrip())
    if not rest and (not word or re.fullmatch(r"[\w-]+", word)):
        names = sorted({*COMMANDS.names(), *extra, *(alias for alias in ALIASES.names() if _is_a_word_of_its_own(alias))})
        return [Completion(name, start, _summary(name)) for name in names if name.startswith(word)]
    try:
        entry = COMMANDS.get(resolve(word, extra))
    except UserError:
        return []
    return [] if entry is None else _complete_operands(session, entry, text, len(text) - len(rest))


def _is_a_word_of_its_own(alias: str) -> bool:
    """`thread` is worth offering for `vcpu`; `disp` for `display` is not."""
    return len(alias) > 3 and not ALIASES[alias].startswith(alias)


def _summary(name: str) -> str:
    entry = COMMANDS.get(ALIASES.get(name) or name)
    return entry.summary if entry is not None else "defined in this session"


def _complete_operands(session: Any, entry: Command, line: str, at: int) -> list[Completion]:
    """Walk over the operands that are complete (a blank follows), then ask the one that is being typed."""
    found: list[Completion] = []
    if line[at:at + 1] == "/":
        at = line.find(" ", at) if " " in line[at:] else len(line)
    for slot in (slot for slot in entry.slots if not slot.operand.slash):
        blanks = len(line[at:]) - len(line[at:].lstrip())
        if not blanks:
            break
        rest = line[at + blanks:]
        found += [Completion(one.text, at + blanks + one.start, one.meaning) for one in slot.operand.complete(session, rest)]
        if slot.operand.whole_line or not rest:
            if slot.required or slot.operand.whole_line:
                break
            continue
        try:
            value, left = slot.operand.take(session, rest)
        except UserError:
            break
        if value is MISSING:
            continue
        if slot.operand.to_the_end or " " not in rest or not (left or rest.endswith(" ")):
            break
        found = []
        at = len(line) - len(left) - 1
    return list(dict.fromkeys(found))


def matching(words: Iterable[str], prefix: str, meaning: Callable[[str], str] | None = None) -> list[Candidate]:
    """The words that begin with `prefix`, whatever their case, as candidates."""
    return [Candidate(word, 0, meaning(word) if meaning else "") for word in words if word.lower().startswith(prefix.lower())]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint that names the closest of the known words, or ''."""
    by_case = {name.lower(): name for name in known}
    close = difflib.get_close_matches(word.lower(), by_case, n=1)
    return f"Did you mean {by_case[close[0]]}?" if close else ""
