"""What differs between two kernels: commits, requests, and the functions of the model that ask what they answer differently."""

from __future__ import annotations

import difflib
import inspect
import itertools
from types import FunctionType

from kvmdbg.machine.eras.answers import Answer, answer, deciding, questions, value_text
from kvmdbg.machine.eras.versions import missing_from
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.request import ladder
from kvmdbg.session.asking import asked
from kvmdbg.session.functions import short
from kvmdbg.session.grid import CHANGED, FILLED, GONE, Column, Grid, Row, columns
from kvmdbg.session.kernels import answers_of, changes, decided, in_order
from kvmdbg.session.results import Many, Result, Text

WIDTH = 160                  # of two sources side by side, where nobody says how wide the screen is
GAP = 5                      # what the marks and the gaps of a table with two columns take


def kernel_diff(a: Era, b: Era, width: int = 0) -> Result:
    """The commits between two kernels, the requests that differ, the functions that differ, and the answers themselves.

    width: columns that two sources side by side may take; 0: WIDTH.
    """
    differing = [(one, other) for one, other in ((answer(a, name), answer(b, name)) for name in questions())
                 if one.methods != other.methods]
    if not differing:
        return Text(f"{a.name} and {b.name} are the same in everything that is modelled.")
    sources = [side_by_side(a, b, one, other, ((width or WIDTH) - GAP) // 2) for one, other in differing
               if worked_out(a, b, one.question)]
    return Many((commits(a, b), *requests(a, b), functions(a, b, differing), *sources))


def commits(a: Era, b: Era) -> Grid:
    """The commits that one of them has: + B only, - A only, in the order of history."""
    lacked, lacks = missing_from(a.name), missing_from(b.name)
    rows = tuple(Row((one.hash, one.first, one.date, one.subject, changes(one)), FILLED if one.hash in lacked else GONE, one.hash)
                 for one in in_order() if (one.hash in lacked) != (one.hash in lacks))
    return Grid(f"Commits from {a.name} to {b.name}", columns("commit", "first in", "date", "subject", "what changes/1"), rows)


def requests(a: Era, b: Era) -> tuple[Grid, ...]:
    """The requests whose bit or place in the order of service differs, by B's order, then what only A has; none: nothing."""
    bits = a.request_bits(), b.request_bits()
    order = ladder(a), ladder(b)
    common = [[name for name in one if name in bits[0] and name in bits[1]] for one in order]
    names = [*order[1], *(name for name in sorted(bits[1], key=bits[1].__getitem__) if name not in order[1]),
             *(name for name in sorted(bits[0], key=bits[0].__getitem__) if name not in bits[1])]
    rows = []
    for name in names:
        places = [one.index(name) if name in one else -1 for one in common]
        told = [(str(bit.get(name, "-")), str(served.index(name) + 1) if name in served else "-")
                for bit, served in zip(bits, order, strict=True)]
        if told[0][0] != told[1][0] or places[0] != places[1]:
            mark = FILLED if name not in bits[0] else GONE if name not in bits[1] else CHANGED
            rows.append(Row((name, *told[0], *told[1]), mark, name))
    heads = columns("request", f"bit on {a.name}>", f"served on {a.name}>", f"bit on {b.name}>", f"served on {b.name}>")
    return (Grid("Requests: bits and order of service", heads, tuple(rows)),) if rows else ()


def functions(a: Era, b: Era, differing: list[tuple[Answer, Answer]]) -> Grid:
    """A row for each function of the model that asks a question which the two answer by different methods."""
    asking: dict[str, dict[str, str]] = {}
    for one in asked():
        asking.setdefault(one.question, {})[one.function] = short(one.file)
    rows = tuple(Row((f"{function}()", file, was.question, value_text(a, was.question), decided(was), value_text(b, is_.question),
                      decided(is_)), CHANGED, (function, was.question))
                 for was, is_ in differing for function, file in asking.get(was.question, {"-": "-"}).items())
    heads = columns("function", "file/4", "asks", f"answer of {a.name}", f"{a.name} by/3", f"answer of {b.name}", f"{b.name} by/2")
    return Grid("Functions of the model that differ", heads, rows,
                "`list FUNCTION -k KERNEL` shows one with the answers.")


def worked_out(a: Era, b: Era, question: str) -> bool:
    """Is an answer more than a plain value, so that its source says more than the table?"""
    return any(value_text(era, question).startswith("depends on") for era in (a, b))


def side_by_side(a: Era, b: Era, was: Answer, is_: Answer, width: int) -> Grid:
    """The methods that answer, line by line; long lines go on below, indented, also of the heading.  width: columns for each."""
    first, *more = itertools.zip_longest(folded(f"{a.name}: {answers_of(was)}", width),
                                         folded(f"{b.name}: {answers_of(is_)}", width), fillvalue="")
    rows = tuple(Row(both, "", "", "heading") for both in more) + tuple(
        Row((left, right), CHANGED if left != right else "")
        for left, right in aligned(source(was.methods, width), source(is_.methods, width)))
    heads = (Column(first[0]), Column(first[1]))
    after = ", ".join(one.hash for one in deciding(was.question))
    return Grid(f"{was.question}()", heads, rows, f"Commits that changed it, oldest first: {after}.")


def aligned(left: list[str], right: list[str]) -> list[tuple[str, str]]:
    """Lines beside each other, equal ones opposite each other."""
    found: list[tuple[str, str]] = []
    for _, i1, i2, j1, j2 in difflib.SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        found += itertools.zip_longest(left[i1:i2], right[j1:j2], fillvalue="")
    return found


def source(methods: tuple[FunctionType, ...], width: int) -> list[str]:
    """The lines of methods, one after the other, without the class's indentation, none wider than `width`."""
    found: list[str] = []
    for method in methods:
        for line in inspect.cleandoc("\n" + inspect.getsource(method)).splitlines():
            found += folded(line, width)
    return found


def folded(line: str, width: int) -> list[str]:
    """A line of source in pieces that fit; what goes on is indented by eight."""
    indent = " " * min(len(line) - len(line.lstrip()) + 8, width // 2)
    found = []
    while len(line) > width:
        cut = line.rfind(" ", len(indent) + 1, width + 1)
        cut = cut if cut > 0 else width
        found.append(line[:cut].rstrip())
        line = indent + line[cut:].strip()
    return [*found, line]
