"""Which steps of an instance are done, which facts talk about which step, and what the steps need beforehand."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from kvmdbg.catalog import open_drawer
from kvmdbg.errors import Unsupported, UserError
from kvmdbg.machine.hw.fields import F, Field
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.session.cases import fact, vocabulary
from kvmdbg.session.cases.matrix import step_text
from kvmdbg.session.cases.model import Case, Expectation, Value
from kvmdbg.session.cases.operation import Declared, find
from kvmdbg.session.cases.player import LARGE_LEVELS
from kvmdbg.session.cases.steps import Actor, Operation, parse_step

Facts = tuple[tuple[str, Value], ...]

open_drawer("kvmdbg.session.cases.operations")
open_drawer("kvmdbg.session.cases.facts")

ANY_FIELD: Final = re.compile(r"\bfield f\b|\bvm(?:read|write) f\b")
THERE: Final = re.compile(r"every|each|any|exist")
NOT_THERE: Final = re.compile(r"not exist|no field|not supported|unsupported|does not have|nonexistent")
TOO_WIDE: Final = re.compile(r"bits? .*(?:15|14)|reserved")
NO_FIELD: Final = ("0x6803", "0x1", *(f"{width << 13 | area << 10 | 0x3FE:#x}" for width in range(4) for area in range(4)))
OF_ROWS: Final = "rows with "                 # an aside: the step belongs to the rows with this word
ONCE_MORE: Final = "once more as a large page"
SVM_OUTCOME: Final = "svm_exit"


class Doing(NamedTuple):
    """One operation that will be done."""

    declared: Declared
    operation: Operation
    actor: Actor


class StepToDo(NamedTuple):
    """One step that will be done."""

    number: int
    text: str
    doings: tuple[Doing, ...]


def read_steps(case: Case, values: Mapping[str, Value]) -> tuple[StepToDo, ...]:
    """The steps of an instance that are done in it.

    raises: Unsupported for the first word that is not done, whatever the steps before it would give.
    """
    steps = []
    for number, text in enumerate(case.steps, 1):
        parsed = parse_step(step_text(text, values))
        rows = [op.aside.removeprefix(OF_ROWS) for op in parsed.operations if op.aside.startswith(OF_ROWS)]
        if rows and rows[0] not in values.values():
            continue
        if not parsed.actors and any(expectation.step == number for expectation in case.expect):
            raise Unsupported(f"{parsed.text}: a step in words")
        doings = tuple(Doing(find(op, actor), op, actor) for actor in parsed.actors for op in parsed.operations)
        steps.append(StepToDo(number, parsed.text, doings))
    return tuple(steps)


def counted(expectations: Sequence[Expectation]) -> list[Expectation]:
    """The expectations that count on Intel: not those for SVM, nor the SVM view of a step that has a VMX view too."""
    mine = [one for one in expectations if one.on != "SVM"]
    vmx_view = {one.step for one in mine if dict(one.facts).get("outcome", SVM_OUTCOME) != SVM_OUTCOME}
    return [one for one in mine if not (one.step in vmx_view and dict(one.facts).get("outcome") == SVM_OUTCOME)]


def placed(case: Case, steps: Sequence[StepToDo], facts: Sequence[tuple[int, Facts]]) -> dict[int, Facts]:
    """Facts by the number of the step that they are compared at.

    A fact about a step that is left out in this row is about the one that takes its place: the next one done, else the last.
    raises: Unsupported for a word that no fact has.
    """
    result: dict[int, Facts] = {}
    for number, step_facts in facts:
        known(step_facts)
        place = next((step.number for step in steps if step.number >= number), steps[-1].number if steps else number)
        result[place] = (*result.get(place, ()), *step_facts)
    return result


def known(facts: Facts) -> None:
    """raises: Unsupported for a key or an outcome that nothing compares."""
    for key, wanted in facts:
        if key != "outcome" and fact.fact_of(key) is None:
            raise vocabulary.refuse_key(key)
        for word in [wanted] if key == "outcome" else wanted if key == "outcome_one_of" else []:
            if word not in fact.OUTCOMES:
                raise vocabulary.refuse_outcome(str(word))


def gva_is_l2s(steps: Sequence[StepToDo]) -> bool:
    """Does a step of L2 access a linear address? Then the tables that steps change are L2's."""
    return any(doing.actor.name == "L2" and not doing.declared.at_once for step in steps for doing in step.doings)


def sizes(case: Case, values: Mapping[str, Value]) -> tuple[bool, ...]:
    """Whether EPT changes are made as large pages: False, True, or one after the other where the case wants both."""
    level, huge = values.get("level"), values.get("huge", False)
    if any(ONCE_MORE in step for step in case.steps) or huge == "both":
        return (False, True) if level in LARGE_LEVELS else (False,)
    return (bool(huge),)


def fields(case: Case) -> tuple[str, ...]:
    """The fields that `the address` of a step stands for, one after the other; `field f` is every one that vmcs12 has.

    "" where a case names none.
    """
    kind = str(case.given.get("f", ""))
    if NOT_THERE.search(kind):
        return NO_FIELD
    if TOO_WIDE.search(kind):
        return tuple(f"{1 << bit | F.GUEST_CR3:#x}" for bit in range(15, 32))
    if kind and not THERE.search(kind):
        raise Unsupported(f"given f: {kind}")
    if not case.given.get("fields") and any(ANY_FIELD.search(step) for step in case.steps):
        return tuple(f"{encoding:#x}" for field in vmcs12.MEMBERS for encoding in _halves(field))
    return tuple(str(name).partition(" ")[0] for name in case.given.get("fields", ())) or ("",)


def _halves(field: Field) -> tuple[int, ...]:
    """Its encoding; of a field of 64 bits that of its upper half, too."""
    return (field.encoding, field.encoding + 1) if field.width == 64 else (field.encoding,)


def chosen(cases: Sequence[Case], case_id: str) -> list[Case]:
    """The cases with that id.  raises: UserError when there is none."""
    found = [case for case in cases if case.id == case_id]
    if not found:
        ids = ", ".join(case.id for case in cases[:5])
        raise UserError(f"no case {case_id!r} in these files", f"They have {ids}{' ...' if len(cases) > 5 else ''}.")
    return found
