"""Text back to values: a reader of one token after the other that can name line and column of what is wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from kvmdbg.errors import UserError
from kvmdbg.machine.hw.instructions import parse_insn
from kvmdbg.machine.hw.state import Insn
from kvmdbg.machine.kvm.program import EMPTY, Program
from kvmdbg.session.parse import did_you_mean
from kvmdbg.session.saved.kinds import kinds
from kvmdbg.session.saved.writing import ALL_ONES
from kvmdbg.tape import ABSENT

_TOKEN: Final = re.compile(r"""(?P<blank>[ \t\r]+|\#[^\n]*)|(?P<newline>\n)|(?P<text>"(?:[^"\\\n]|\\.)*")
    |(?P<number>-?(?:0[xX][0-9a-fA-F]+|[0-9]+)(?![\w])|~0(?![\w]))|(?P<section>\[[^\]\n]*\])|(?P<name>[A-Za-z_][\w.]*)
    |(?P<mark>->|[(),=|:])""", re.VERBOSE)
CONSTANTS: Final[dict[str, Any]] = {"True": True, "False": False, "None": None, "ABSENT": ABSENT}
END: Final = "end"
DEEPEST: Final = 40              # parentheses inside one another


class Token(NamedTuple):
    """One word of a saved state."""

    kind: str                    # "text", "number", "section", "name", "mark", "newline" or END
    text: str
    line: int                    # both from 1 on
    column: int


def tokens(text: str, file: str) -> Iterator[Token]:
    """The words of a text; line ends inside parentheses are none.  raises: UserError where nothing fits."""
    at, line, start, depth = 0, 1, 0, 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise UserError(f"{file}:{line}:{at - start + 1}: {text[at]!r} begins nothing", "Strings stand in double quotes.")
        kind = match.lastgroup or ""
        if kind == "newline":
            if not depth:
                yield Token(kind, "the end of the line", line, at - start + 1)
            line, start = line + 1, match.end()
        elif kind != "blank":
            depth += {"(": 1, ")": -1}.get(match.group(), 0)
            yield Token(kind, match.group(), line, at - start + 1)
        at = match.end()
    if not depth:
        yield Token("newline", "the end of the line", line, at - start + 1)
    yield Token(END, "the end of the file", line, at - start + 1)


class Reader:
    """Reads values from a text.  names: words that stand for numbers (`GUEST_CR3`, `TLB_FLUSH`)."""

    def __init__(self, text: str, file: str, names: Mapping[str, int]) -> None:
        self.file = file
        self.names = names
        self._tokens = tokens(text, file)
        self.next = next(self._tokens)
        self._depth = 0

    # -- words -------------------------------------------------------------------------------------------------------

    def take(self) -> Token:
        """The next word, and past it."""
        token = self.next
        if token.kind != END:
            self.next = next(self._tokens)
        return token

    def at_mark(self, mark: str) -> bool:
        return self.next.kind == "mark" and self.next.text == mark

    def skip(self, mark: str) -> bool:
        """Past a mark, if it comes next."""
        found = self.at_mark(mark)
        if found:
            self.take()
        return found

    def expect(self, mark: str) -> None:
        if not self.skip(mark):
            raise self.wrong(f"{self.next.text!r} stands where {mark!r} must")

    def end_line(self) -> None:
        """Past the end of a line."""
        if self.next.kind != "newline":
            raise self.wrong(f"{self.next.text!r} is too much on this line")
        self.take()

    def skip_lines(self) -> None:
        """Past empty lines."""
        while self.next.kind == "newline":
            self.take()

    def wrong(self, message: str, hint: str = "", at: Token | None = None) -> UserError:
        """An error at a word, by default the next one."""
        token = at or self.next
        return UserError(f"{self.file}:{token.line}:{token.column}: {message}", hint)

    # -- values ------------------------------------------------------------------------------------------------------

    def value(self) -> Any:
        """One value.  raises: UserError with its place."""
        token = self.take()
        if token.kind == "text":
            try:
                return json.loads(token.text)
            except ValueError:
                raise self.wrong(f"{token.text} is no string", at=token) from None
        if token.kind == "number":
            return ALL_ONES if token.text == "~0" else int(token.text, 0) if "x" in token.text.lower() else int(token.text)
        if token.kind == "name" and token.text in CONSTANTS:
            return CONSTANTS[token.text]
        if token.kind == "name":
            return self._made(token) if self.at_mark("(") else self._bits(token)
        if token == ("mark", "(", token.line, token.column):
            return tuple(part for _, part in self._parts(token))
        raise self.wrong(f"{token.text!r} stands where a value must", at=token)

    def _bits(self, token: Token) -> int:
        """`TLB_FLUSH | EVENT`, or one name."""
        value = self._named(token)
        while self.skip("|"):
            value |= self._named(self.take())
        return value

    def _named(self, token: Token) -> int:
        if token.kind == "number" and token.text != "~0":
            return int(token.text, 0)
        if token.text not in self.names:
            raise self.wrong(f"{token.text!r} is no name of a number", did_you_mean(token.text, (*self.names, *CONSTANTS)), token)
        return self.names[token.text]

    def _made(self, token: Token) -> Any:
        """A frozen record, an instruction, a program."""
        self.take()
        parts = self._parts(token)
        if token.text == "Program":
            return self._program(token, [part for _, part in parts])
        if token.text == "Insn" and len(parts) == 1 and not parts[0][0] and isinstance(parts[0][1], str):
            try:
                return parse_insn(parts[0][1])
            except UserError as wrong:
                raise self.wrong(wrong.message, wrong.hint, token) from None
        kind = kinds().get(token.text)
        if kind is None:
            raise self.wrong(f"there is no {token.text!r}", did_you_mean(token.text, kinds()), token)
        given = dict(parts)
        if "" in given or len(given) != len(parts) or set(given) - set(kind._fields):
            raise self.wrong(f"{token.text} is written with {', '.join(f'{name}=' for name in kind._fields)} each once", at=token)
        lacking = set(kind._fields) - set(given) - set(kind._field_defaults)
        if lacking:
            raise self.wrong(f"{token.text} lacks {', '.join(sorted(lacking))}", at=token)
        return kind(**given)

    def _program(self, token: Token, parts: list[Any]) -> Program:
        if not all(isinstance(part, Insn) for part in parts):
            raise self.wrong("a Program is made of Insn", at=token)
        return Program(tuple(parts)) if parts else EMPTY

    def _parts(self, opened: Token) -> list[tuple[str, Any]]:
        """What stands inside parentheses up to the closing one: (name or "", value)."""
        found: list[tuple[str, Any]] = []
        self._depth += 1
        if self._depth > DEEPEST:
            raise self.wrong("too many parentheses inside one another", at=opened)
        while not self.skip(")"):
            if self.next.kind == END:
                raise self.wrong("this parenthesis is never closed", at=opened)
            found.append(self._part())
            if not self.at_mark(")") and self.next.kind != END:
                self.expect(",")
        self._depth -= 1
        return found

    def _part(self) -> tuple[str, Any]:
        if self.next.kind != "name":
            return "", self.value()
        token = self.take()
        if self.skip("="):
            return token.text, self.value()
        if token.text in CONSTANTS:
            return "", CONSTANTS[token.text]
        return "", self._made(token) if self.at_mark("(") else self._bits(token)
