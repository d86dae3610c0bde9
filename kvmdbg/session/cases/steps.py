"""The grammar of steps: `actor: operation; operation   # remark`.

A step without an actor is a remark in plain words. An operation is a word with operands: `key=value`, plain values,
`<a value in words>`; what stands in parentheses is an aside, unless it is a term of an expression. `load, store, fetch
gpa=G` is three operations with the same operands, and an operand `type=0..3` makes one operation for each integer.
"""

from __future__ import annotations

import re
from itertools import product
from typing import Final, NamedTuple

from kvmdbg.errors import Unsupported
from kvmdbg.session.cases import field_names
from kvmdbg.session.cases.reader import RANGE

_REMARK: Final = re.compile(r"(?:^|\s)#(?![A-Z]{2}\b).*$")          # `#`, but not the # of #PF
_ACTOR: Final = re.compile(r"(L0|L0\.user|host|L1|L2|guest|SMM|cpu\d+|vcpu\d+|VP\d+)(?:\((cpl3|user)\))?(?: on v(\d+))?$")
_HEAD: Final = re.compile(r"\s*([^:;]*?)\s*:(?:\s+(.*))?$", re.DOTALL)
_TOKEN: Final = re.compile(r"""
    (?: \( [^()]* (?: \( [^()]* \) [^()]* )* \)           # (in parentheses, nested once)
      | \[ [^\]]* \]                                       # [a list]
      | (?<![^\s=]) < (?![<=]) [^<>]* >                     # <a value in words>
      | \S )+                                              # anything else up to a blank
""", re.VERBOSE)
# how a VMCS field's name begins, or a short one
_FIELD: Final = re.compile(r"(?:GUEST|HOST|ENTRY|EXIT|EXC)_[A-Z0-9_]+|ACTIVITY|INTERRUPTIBILITY|PENDING_DEBUG|TIMER_VALUE")
_FLAG: Final = re.compile(r"(?:RFLAGS\.|EFER\.)?([A-Z]+)=([01])")
_BIT: Final = re.compile(rf"((?:{_FIELD.pattern}))\.(\w+) = ([01])")
BITMAP_BITS: Final = "bits of the bitmaps of VMCS shadowing"       # what a step is about, whatever its first word is
CLEAR_BITS: Final = "clear bits"                                   # of a register; `clear` alone is about A/D bits
SHADOW_FIELD: Final = "a field of the shadow VMCS"
CONTROL_BIT: Final = "a bit of CR0 or CR4"
CAPABILITY_MSRS: Final = "the VMX capability MSRs"
_REWORDED: Final = (
    (re.compile(r"clear (?:GUEST_)?(?:RFLAGS|CR0|CR4|EFER)\b"), CLEAR_BITS),
    (re.compile(r"(?:(?:set|clear) )?(?:both|(?:the )?VM(?:READ|WRITE)) bitmap bit"), BITMAP_BITS),
    (re.compile(r"CR[04]\.[A-Z0-9]+ = [01]$|an? (?:CR[04] )?bit (?:demanded|forbidden) by FIXED[01]\b"), CONTROL_BIT),
    (re.compile(r"read (?:the |every )?VMX capability MSRs?$"), CAPABILITY_MSRS),
    (re.compile(r"shadow field\b|(?:vm)?(?:read|write) (?:the )?(?:field )?\w+ (?:of|in|from|to) the shadow VMCS"), SHADOW_FIELD),
)
_SETTING: Final = re.compile(r"(?:vmwrite )?(?:rip \S+$|(?:RFLAGS\.)?[A-Z]{2}=[01]$|[A-Z]{3}[A-Z_]* (?:bit ?\d|[A-Z(~\d]|valid))")
_AFTER_CONTROL: Final = re.compile(r"(?<= [01]), (?=[A-Z]{2}\.)")    # `unrestricted guest 0, SS.RPL ...`: two operations
_LOADED: Final = ("debug", "EFER", "PAT", "BNDCFGS")            # `load` of these at entry or exit is a control
_OPERATORS: Final = frozenset(("|", "&", "^", "+", "-", "*", "<<", ">>", "=", "|=", "&=", "~"))


class Actor(NamedTuple):
    """Who acts."""

    name: str            # "L0", "L0.user", "host", "L1", "L2", "guest", "SMM", "cpu", "vcpu", "VP"
    number: int          # of cpuN, vcpuN, VPn; of `on vN`; else 0
    cpl: int             # 3 for L1(cpl3) and L1(user), else 0


class Operand(NamedTuple):
    """`key=value`; key is "" for a plain value."""

    key: str
    value: str


class Operation(NamedTuple):
    """One operation of a step."""

    word: str                        # "" when there is only an aside
    operands: tuple[Operand, ...]
    aside: str                       # what the parentheses say
    text: str

    def named(self, *keys: str) -> str:
        """The operand with one of these keys; "" where there is none."""
        return next((operand.value for operand in self.operands if operand.key in keys), "")

    @property
    def rest(self) -> str:
        """The operands without a key as one text: an expression, or words."""
        return " ".join(self.plain)

    @property
    def plain(self) -> tuple[str, ...]:
        """The operands without a key, in order."""
        return tuple(operand.value for operand in self.operands if not operand.key)


class Step(NamedTuple):
    """One step of an instance, `$name` already replaced."""

    text: str                            # without the remark
    actors: tuple[Actor, ...]            # empty for a remark in plain words
    operations: tuple[Operation, ...]


def parse_step(text: str) -> Step:
    """Read one step. raises: Unsupported for `word:` where the word is no actor of the language."""
    text = _REMARK.sub("", text).rstrip()
    head = _HEAD.match(text)
    actors = _actors(head[1]) if head else ()
    if not actors:
        if head and re.fullmatch(r"\S+", head[1]):
            raise Unsupported(f"{head[1]}: no actor of the language")
        return Step(text, (), ())
    body = (head[2] if head else "") or ""
    return Step(text, actors, tuple(operation for whole in _split(body, ";")
                                     for part in _settings(whole) for operation in _operations(part)))


def _settings(text: str) -> list[str]:
    """`rip N, IF=1, INTERRUPTIBILITY bit0=1`: each is an operation; other commas stand between words or operands."""
    parts = _split(text, ",")
    if len(parts) > 1 and all(map(_SETTING.match, parts)):
        return parts
    return _AFTER_CONTROL.split(text)


def _actors(text: str) -> tuple[Actor, ...]:
    """`VP2, VP65` -> two actors; () when any of them is none."""
    matches = [_ACTOR.match(part.strip()) for part in text.split(",")]
    return tuple(_actor(match) for match in matches if match) if all(matches) else ()


def _actor(match: re.Match[str]) -> Actor:
    name = match[1].rstrip("0123456789") if match[1][0] in "cvV" else match[1]
    return Actor(name, int(match[3] or match[1][len(name):] or 0), 3 if match[2] else 0)


def _split(text: str, separator: str) -> list[str]:
    """`text` at the separators that stand in no bracket; empty parts fall away."""
    parts, depth, current = [], 0, ""
    for char in text:
        depth = max(0, depth + ("([{".find(char) >= 0) - (")]}".find(char) >= 0))
        if char == separator and depth == 0:
            parts.append(current)
            current = ""
        else:
            current += char
    return [part.strip() for part in [*parts, current] if part.strip()]


def _operations(text: str) -> list[Operation]:
    """The operations of one part between semicolons: several for a list of words or for a range."""
    tokens = _TOKEN.findall(text)
    asides = [number for number in range(len(tokens)) if _is_aside(tokens, number)]
    aside = " ".join(tokens[number][1:-1].strip() for number in asides)
    plain = [token for number, token in enumerate(tokens) if number not in asides and token != ","]
    words = []
    while len(plain) > 1 and plain[0].endswith(","):
        words.append(plain.pop(0)[:-1])
    words.append(plain.pop(0) if plain else "")
    if words == ["load"] and plain[:1] and plain[0] in _LOADED:
        words = [f"load {plain.pop(0)}"]            # a control, not an access
    choices = product(*(_operand(token) for token in plain))
    return [_implied(Operation(word, operands, aside, text)) for operands in choices for word in words]


def _implied(operation: Operation) -> Operation:
    """What says by its form that a field is written: `GUEST_DR7 = 1 << 3`, `HOST_CR0: 5`, `HOST_CR4.PAE = 0`; `LMA=1` is bits."""
    if match := _FLAG.fullmatch(operation.word):
        return operation._replace(word="bits", operands=(Operand(match[1], match[2]), *operation.operands))
    if match := _BIT.fullmatch(" ".join((operation.word, *operation.plain))):
        change = ("|=", match[2]) if match[3] == "1" else ("&=", f"~{match[2]}")
        return operation._replace(word="vmwrite", operands=tuple(Operand("", text) for text in (match[1], *change)))
    for pattern, word in _REWORDED:
        if pattern.match(operation.text):
            return operation._replace(word=word)
    operation = operation._replace(word=operation.word.removesuffix(":"))
    if not operation.operands or not (_FIELD.fullmatch(operation.word) or _assigns(operation)):
        return operation
    value = operation.operands[1:] if operation.operands[0].value == "=" else operation.operands
    return operation._replace(word="vmwrite", operands=(Operand("", operation.word), *value))


def _assigns(operation: Operation) -> bool:
    """`ACTIVITY = 1`, `VPID = 5`: the field by any name that cases have for it."""
    return operation.operands[0].value == "=" and field_names.known(operation.word)


def _is_aside(tokens: list[str], number: int) -> bool:
    """`(...)` says something beside the operands, unless it is a term of an expression."""
    token = tokens[number]
    around = tokens[max(number - 1, 0):number] + tokens[number + 1:number + 2]
    return token.startswith("(") and token.endswith(")") and not _OPERATORS.intersection(around)


def _operand(token: str) -> list[Operand]:
    """`key=value` split, a range spread out; anything else is a plain value."""
    token = token.removesuffix(",")
    key, equals, value = token.partition("=")
    if not equals or not re.fullmatch(r"[A-Za-z_][\w./]*", key) or re.fullmatch(r"bit\d+", key):
        return [Operand("", token)]
    match = RANGE.match(value)
    if match and match[1].isdigit() and match[2].isdigit():
        return [Operand(key, str(number)) for number in range(int(match[1]), int(match[2]) + 1)]
    return [Operand(key, value)]
