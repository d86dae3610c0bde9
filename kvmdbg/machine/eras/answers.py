"""Who answers what on a kernel: the commits that decide each question, and the answer itself where it is a plain value."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable
from types import FunctionType
from typing import Any, Final, NamedTuple

from kvmdbg.machine.eras import versions
from kvmdbg.machine.eras.commit import COMMITS, Commit
from kvmdbg.machine.kvm.era import Era

TABULATED: Final = 3         # an answer that depends on so many yes-or-no values at most is spelt out


class Answer(NamedTuple):
    """How a kernel answers one question."""

    question: str
    lacked: tuple[Commit, ...]             # the missing commits whose Withouts answer, the first asked in front; () = as mainline
    since: Commit | None                   # the newest commit it has that changed the answer; None: as far back as is modelled
    methods: tuple[FunctionType, ...]      # what runs: those of `lacked`, then mainline's where they ask it too


def questions() -> tuple[str, ...]:
    """The names of all questions, in the order of the subjects."""
    owners = [owner for owner in Era.__mro__ if owner is not object]
    return tuple(dict.fromkeys(name for owner in owners for name, value in vars(owner).items()
                               if isinstance(value, FunctionType) and name[0] != "_"))


def subject_of(question: str) -> str:
    """The file of `questions/` in which a question stands: "nested"."""
    return str(getattr(Era, question).__module__).rpartition(".")[2]


def meaning_of(question: str) -> str:
    """What is asked, in words: the first line of its docstring."""
    return (inspect.getdoc(getattr(Era, question)) or "").partition("\n")[0]


def answer(era: Era, question: str) -> Answer:
    """Who decides a question on a kernel.  An answer that asks super() goes on to the next one."""
    chain: list[tuple[type, FunctionType]] = []
    for owner in type(era).__mro__:
        method = vars(owner).get(question)
        if isinstance(method, FunctionType):
            chain.append((owner, method))
            if "super" not in method.__code__.co_names:
                break
    commits = {entry.without: entry for entry in COMMITS}
    lacked = tuple(commits[owner] for owner, _ in chain if owner in commits)
    lacks = type(era).__mro__
    bound = min((entry.order for entry in lacked), default=1 << 62)
    had = [entry for entry in versions.newest_first()
           if question in vars(entry.without) and entry.without not in lacks and entry.order < bound]
    return Answer(question, lacked, had[0] if had else None, tuple(method for _, method in chain))


def deciding(question: str) -> tuple[Commit, ...]:
    """The commits that changed the answer to a question, oldest first."""
    return tuple(entry for entry in reversed(versions.newest_first()) if question in vars(entry.without))


def answered_by(entry: Commit) -> tuple[str, ...]:
    """The questions that a commit decides, in the order of questions()."""
    return tuple(name for name in questions() if name in vars(entry.without))


def value(era: Era, question: str) -> tuple[Any, ...] | None:
    """The answer as plain values: one, or one for each setting of its yes-or-no values (all 0 first).

    None for an answer that depends on more than that.
    """
    asked: Callable[..., Any] = getattr(era, question)
    parameters = list(inspect.signature(asked).parameters.values())
    if len(parameters) > TABULATED or any(one.annotation not in ("bool", bool) for one in parameters):
        return None
    return tuple(asked(*given) for given in itertools.product((False, True), repeat=len(parameters)))


def value_text(era: Era, question: str) -> str:
    """The answer in words: "yes", "1, 2", "if enable_vpid"; "depends on t" for one that is worked out."""
    found = value(era, question)
    names = list(inspect.signature(getattr(era, question)).parameters)
    if found is None:
        return f"depends on {', '.join(names)}"
    if len({str(one) for one in found}) == 1:
        return said(found[0])
    settings = list(itertools.product("01", repeat=len(names)))
    if all(isinstance(one, bool) for one in found):
        true = [zip(names, given, strict=True) for given, one in zip(settings, found, strict=True) if one]
        return "if " + " or ".join(" and ".join(name if bit == "1" else f"not {name}" for name, bit in one) for one in true)
    return ", ".join(f"{' '.join(map('='.join, zip(names, given, strict=True)))}: {said(one)}"
                     for given, one in zip(settings, found, strict=True))


def said(one: Any) -> str:
    """A plain value as a person reads it: yes, no, none, numbers and names with commas, of a table how long it is."""
    if isinstance(one, bool):
        return "yes" if one else "no"
    if isinstance(one, dict) or (isinstance(one, tuple) and len(one) > 6):
        return f"{len(one)} entries"
    if isinstance(one, tuple):
        return ", ".join(map(str, one)) or "none"
    return str(one)
