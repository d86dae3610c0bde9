"""The catalogue of operations: what a step can do. One file of `operations/` declares each with `@operation`.

The function gets the harness, the operation as written, and who acts. It returns what a read gave, else None. It raises
Unsupported for a form that the model cannot do. Before it runs, the harness has brought the machine to the level that acts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from kvmdbg.catalog import Catalog
from kvmdbg.errors import Unsupported
from kvmdbg.session.cases import vocabulary
from kvmdbg.session.cases.control_names import named
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.model import Value
from kvmdbg.session.cases.steps import Actor, Operation

Run = Callable[[Harness, Operation, Actor], Value | None]
A_CONTROL: Final = "a control of vmcs12"       # the operation of a step that names one in words
LEVELS: Final = {"L1": 1, "L2": 2}


class Declared(NamedTuple):
    """One word of the language of steps that can be done."""

    word: str
    actors: tuple[str, ...]
    at_once: bool            # an edit of memory: made whatever level runs
    run: Run


OPERATIONS: Final[Catalog[Declared]] = Catalog("operation of a case")


def operation(*words: str, actors: tuple[str, ...] = ("L1", "L2"), at_once: bool = False,
              own: bool = False) -> Callable[[Run], Run]:
    """Declare the decorated function as what these words do when one of `actors` says them.

    own: the words mean something else when others say them.
    """
    def declare(run: Run) -> Run:
        for word in words:
            for name in [f"{actor}: {word}" for actor in actors] if own else [word]:
                OPERATIONS.add(name, Declared(word, actors, at_once, run))
        return run
    return declare


def find(op: Operation, actor: Actor) -> Declared:
    """The declaration of an operation.  raises: Unsupported with the word, and the reason where there is one."""
    word = A_CONTROL if actor.name == "L1" and named(op.text) else op.word
    declared = OPERATIONS.get(f"{actor.name}: {word}") or OPERATIONS.get(word)
    if actor.name in vocabulary.ACTORS and (declared is None or actor.name not in declared.actors):
        raise Unsupported(f"{actor.name}: {vocabulary.ACTORS[actor.name]}")
    if declared is None:
        raise vocabulary.refuse_operation(op.word)
    if actor.name not in declared.actors:
        raise Unsupported(f"{op.word} by {actor.name}: only {' and '.join(declared.actors)} does that")
    return declared
