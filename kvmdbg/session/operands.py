"""The operand types of commands: each parses, completes and describes itself, once, for every command that takes it.

Each pair is an Operand (what it does) and an `Annotated` alias (what a command's function writes).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Annotated, Any, Final

from kvmdbg.errors import UserError
from kvmdbg.machine.eras import versions
from kvmdbg.machine.eras.commit import COMMITS
from kvmdbg.machine.hw.instructions import complete as complete_insn
from kvmdbg.machine.hw.instructions import parse_insn
from kvmdbg.machine.hw.operands import number
from kvmdbg.machine.hw.state import Insn
from kvmdbg.session import expr
from kvmdbg.session.functions import functions
from kvmdbg.session.parse import COMMANDS, MISSING, Candidate, Operand, did_you_mean, matching
from kvmdbg.session.specs import complete_spec
from kvmdbg.session.views import TLB_NAMES, View

_TAIL: Final = re.compile(r"[A-Za-z_$][\w$]*$")
_PARTS: Final = re.compile(r"([A-Za-z_][\w.]*)\.(\w*)$")
_FILTER: Final = re.compile(r"tlb\[[^\]]*$")
_IF: Final = re.compile(r"\bif\s")


class CountOperand(Operand):
    name, describe = "COUNT", "a number from 1 on"

    def parse(self, session: Any, word: str) -> int:
        value = number(word) if word[:1].isdigit() else _evaluate(session, word)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise UserError(f"{word!r} is no count", "Write a number from 1 on.")
        return value


class NumberOperand(Operand):
    def __init__(self, name: str, describe: str) -> None:
        self.name, self.describe = name, describe

    def parse(self, session: Any, word: str) -> int:
        value = number(word)
        if value is None:
            value = _evaluate(session, word)
        if not isinstance(value, int):
            raise UserError(f"{word!r} is no number", "Write one such as 4096, 0x1000 or 4K.")
        return int(value) & 0xFFFF_FFFF_FFFF_FFFF


def _evaluate(session: Any, word: str) -> Any:
    return expr.evaluate(word, session.scope())


class PositionOperand(Operand):
    name, describe = "POSITION", "#12, +3, -3, start, end or a bookmark"

    def parse(self, session: Any, word: str) -> int:
        if word.startswith("$"):
            word = str(_evaluate(session, word))
        return int(session.timeline.place(word))

    def complete(self, session: Any, text: str) -> Iterable[Candidate]:
        return matching(("start", "end", *session.timeline.bookmarks), text)


class VcpuOperand(Operand):
    """optional in front of something else: a word that is no vCPU is left for the next operand."""

    name, describe = "VCPU", "a vCPU: vcpu0 or 0"

    def __init__(self, in_front: bool = False) -> None:
        self.in_front = in_front

    def take(self, session: Any, text: str) -> tuple[Any, str]:
        word, _, rest = text.partition(" ")
        match = re.fullmatch(r"vcpu(\d+)" if self.in_front else r"(?:vcpu)?(\d+)", word)
        if match is None and self.in_front:
            return MISSING, text
        known = len(session.kvm.vcpus)
        if match is None or int(match.group(1)) >= known:
            raise UserError(f"Unknown vCPU {word}.", f"There is vcpu0{f' .. vcpu{known - 1}' if known > 1 else ' only'}.")
        return int(match.group(1)), rest

    def complete(self, session: Any, text: str) -> Iterable[Candidate]:
        return matching((f"vcpu{vcpu.id}" for vcpu in session.kvm.vcpus), text)


class LineOperand(Operand):
    """The rest of the line as it is typed."""

    whole_line = True

    def __init__(self, name: str, describe: str, words: Callable[[Any], Iterable[str]] | None = None) -> None:
        self.name, self.describe, self.words = name, describe, words

    def complete(self, session: Any, text: str) -> Iterable[Candidate]:
        return matching(self.words(session), text) if self.words else ()


class ExpressionOperand(Operand):
    name, describe, whole_line = "EXPR", 'an expression, see "help expressions"', True

    def parse(self, session: Any, word: str) -> str:
        expr.parse(word)
        return word

    def complete(self, session: Any, text: str) -> Iterable[Candidate]:
        return complete_expression(session, text)


def complete_expression(session: Any, text: str) -> list[Candidate]:
    """Names for the word at the end of `text`: parts of what stands before a dot, tags inside `tlb[`, else every name."""
    scope = session.scope()
    parts = _PARTS.search(text)
    if parts:
        try:
            owner = expr.evaluate(parts.group(1), scope)
        except UserError:
            return []
        names = owner.parts() if isinstance(owner, View) else getattr(owner, "_fields", ())
        return [Candidate(name, parts.start(2)) for name in names if name.lower().startswith(parts.group(2).lower())]
    tail = _TAIL.search(text)
    start, prefix = (tail.start(), tail.group()) if tail else (len(text), "")
    known = (*TLB_NAMES, *expr.known_names(scope)) if _FILTER.search(text) else expr.known_names(scope)
    return [Candidate(name, start) for name in dict.fromkeys(known) if name.lower().startswith(prefix.lower())]


class LocationOperand(Operand):
    """Where to stop: an event or a function, then perhaps `vcpu N` and `if CONDITION`."""

    name, describe, whole_line = "WHERE", 'an event (see "help events") or a function of the model, then [vcpu N] [if EXPR]', True

    def complete(self, session: Any, text: str) -> Iterable[Candidate]:
        condition = _IF.search(text)
        if condition:
            inner = complete_expression(session, text[condition.end():])
            return [one._replace(start=one.start + condition.end()) for one in inner]
        if " " in text:
            start = text.rindex(" ") + 1
            return [one._replace(start=start) for one in matching(("if", "vcpu"), text[start:])]
        specs = [Candidate(spec, 0, meaning) for spec, meaning in complete_spec(session.kvm, text)]
        names = matching(functions(), text) if len(text) > 1 and ":" not in text else []
        return [*specs, *names]


class FunctionOperand(Operand):
    name, describe = "FUNCTION", "a function of the model"

    def complete(self, session: Any, text: str) -> Iterable[Candidate]:
        return matching(sorted(functions()), text)


class InstructionOperand(Operand):
    name, describe, whole_line = "INSTRUCTION", 'an instruction such as "mov cr3, 0x2000", see "help instructions"', True

    def parse(self, session: Any, word: str) -> Insn:
        return parse_insn(word)

    def complete(self, session: Any, text: str) -> Iterable[Candidate]:
        start = len(text) - len(re.split(r"[,\s]+", text)[-1])
        return [Candidate(word, start) for word in complete_insn(text)]


class KernelOperand(Operand):
    """`v4.4`, `eeeb4f67a6cd^`, `v6.12 -2b4a5a5d5688`: versions and commits; behind the first, what it has or lacks."""

    name, whole_line = "KERNEL", True
    describe = "a version such as v4.4 or a commit (HASH^: just before it), then commits: -HASH reverted, +HASH applied"

    def complete(self, session: Any, text: str) -> Iterable[Candidate]:
        last = text.rpartition(" ")[2]
        if last == text:
            named = {version.name: f"{version.date}, {version.era}" for version in versions.VERSIONS}
            named |= {one.hash: one.subject for one in COMMITS} | {f"{one.hash}^": f"before {one.subject}" for one in COMMITS}
            return matching(named, text, named.__getitem__)
        try:
            lacked = versions.missing_from(text[:-len(last)] if last else text)
        except UserError:
            return ()
        signed = {("+" if one.hash in lacked else "-") + one.hash: one.subject for one in COMMITS}
        return [one._replace(start=len(text) - len(last)) for one in matching(signed, last, signed.__getitem__)]


class KernelsOperand(KernelOperand):
    """Several kernels: `v4.3 v4.4 | v6.12 -2b4a5a5d5688`, with bars around one that has commits reverted or applied."""

    name, describe = "KERNELS", "kernels, with bars around one that has commits reverted or applied"

    def complete(self, session: Any, text: str) -> Iterable[Candidate]:
        last = re.split(r"[\s|]+", text)[-1]
        asked = text.rpartition("|")[2].lstrip() if last[:1] in ("-", "+") else last
        return [one._replace(start=one.start + len(text) - len(asked)) for one in super().complete(session, asked)]


class NumbersOperand(Operand):
    """Breakpoint numbers: `1 2 4-6`."""

    name, describe, whole_line = "NUMBERS", "numbers such as 1 2 4-6", True

    def parse(self, session: Any, word: str) -> tuple[int, ...]:
        found: list[int] = []
        for part in word.replace(",", " ").split():
            match = re.fullmatch(r"(\d+)(?:-(\d+))?", part)
            if match is None or int(match.group(2) or match.group(1)) - int(match.group(1)) > 10_000:
                raise UserError(f"Bad breakpoint number '{part}'", "Write numbers such as 1 2 4-6.")
            found += range(int(match.group(1)), int(match.group(2) or match.group(1)) + 1)
        return tuple(found)

    def complete(self, session: Any, text: str) -> Iterable[Candidate]:
        last = text.rpartition(" ")[2]
        return [Candidate(str(one.number), len(text) - len(last), one.describe()) for one in session.breakpoints
                if str(one.number).startswith(last)]


class BreakpointOperand(Operand):
    name, describe = "N", "the number of a breakpoint"

    def parse(self, session: Any, word: str) -> Any:
        if word == "$bpnum":
            word = str(session.breakpoints.last)
        if not word.isdigit():
            raise UserError(f"Bad breakpoint number '{word}'")
        return session.breakpoints[int(word)]

    def complete(self, session: Any, text: str) -> Iterable[Candidate]:
        return [Candidate(str(one.number), 0, one.describe()) for one in session.breakpoints if str(one.number).startswith(text)]


class ChoiceOperand(Operand):
    """One of some words; a unique prefix is enough.  in_front: any other word is left for the next operand."""

    def __init__(self, name: str, *words: str, in_front: bool = False) -> None:
        self.name, self.words, self.in_front = name, words, in_front
        self.describe = f"one of {', '.join(words)}"

    def take(self, session: Any, text: str) -> tuple[Any, str]:
        word, _, rest = text.partition(" ")
        if self.in_front and word not in self.words:
            return MISSING, text
        return self.parse(session, word), rest

    def parse(self, session: Any, word: str) -> str:
        found = [known for known in self.words if known.lower() == word.lower()] \
            or [known for known in self.words if known.lower().startswith(word.lower())]
        if len(found) != 1:
            raise UserError(f"{word!r} is not {self.describe}", did_you_mean(word, self.words))
        return found[0]

    def complete(self, session: Any, text: str) -> Iterable[Candidate]:
        return matching(self.words, text)


class FormatOperand(Operand):
    """gdb's /FMT: a count, a letter of x d u o t a c, a size of b h w g, in any order."""

    name, describe, slash = "FMT", "a format such as /x, /d or /4gx", True

    def parse(self, session: Any, word: str) -> tuple[int, str, str]:
        match = re.fullmatch(r"(\d*)([xduotacbhwgsi]*)", word)
        letters = [letter for letter in match.group(2) if letter in "xduotac"] if match else []
        sizes = [letter for letter in match.group(2) if letter in "bhwg"] if match else []
        if match is None or len(letters) > 1 or len(sizes) > 1 or set(match.group(2)) & set("si"):
            raise UserError(f'Undefined output format "{word}".', "Letters: x d u o t a c; sizes for x: b h w g.")
        return int(match.group(1) or 1), letters[0] if letters else "", sizes[0] if sizes else ""


class FileOperand(Operand):
    name, describe, whole_line = "FILE", "the name of a file", True

    def parse(self, session: Any, word: str) -> str:
        return word[1:-1] if len(word) > 1 and word[0] == word[-1] == '"' else word


class TopicOperand(LineOperand):
    def __init__(self) -> None:
        super().__init__("TOPIC", "a command, a group of commands, or a topic", lambda session: COMMANDS.names())


Count = Annotated[int, CountOperand()]
Address = Annotated[int, NumberOperand("ADDRESS", "a number such as 0x1000 or 4K, or an expression without blanks")]
Number = Annotated[int, NumberOperand("NUMBER", "a number such as 5 or 0x10")]
Position = Annotated[int, PositionOperand()]
VcpuId = Annotated[int, VcpuOperand()]
VcpuInFront = Annotated[int | None, VcpuOperand(in_front=True)]
Expression = Annotated[str, ExpressionOperand()]
Location = Annotated[str, LocationOperand()]
FunctionName = Annotated[str, FunctionOperand()]
Instruction = Annotated[Insn, InstructionOperand()]
Numbers = Annotated[tuple[int, ...], NumbersOperand()]
BreakpointNumber = Annotated[Any, BreakpointOperand()]
Format = Annotated[tuple[int, str, str] | None, FormatOperand()]
File = Annotated[str, FileOperand()]
Topic = Annotated[str, TopicOperand()]
Words = Annotated[str, LineOperand("TEXT", "the rest of the line")]
Name = Annotated[str, Operand()]
Level = Annotated[str, ChoiceOperand("LEVEL", "L1", "L2", "ept12")]
