"""Small conformance cases for tests: written in Python, run on the real machine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kvmdbg.session.cases import given as given_
from kvmdbg.session.cases import words
from kvmdbg.session.cases.fact import Observed
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.matrix import extra_state, instances
from kvmdbg.session.cases.model import NO_MATRIX, Case, Expectation, Matrix, Source
from kvmdbg.session.cases.performance import perform
from kvmdbg.session.cases.phrases import Handler
from kvmdbg.session.cases.runner import Runner, Verdict
from kvmdbg.session.cases.setup import Plan, Setup
from kvmdbg.session.cases.steps import Actor, Operation, parse_step

RUNNER = Runner()                        # one for all tests of a process: machines are booted once
OPEN_EPT = {"vmcs12": {"enable_ept": True}}
WITH_VPID = {"vmcs12": {"enable_vpid": True, "vpid": 1}}


def case(*steps: str, expect: Iterable[dict[str, Any]] = (), given: Mapping[str, Any] | None = None, matrix: Matrix = NO_MATRIX,
         source: str = "x86/vmx_tests.c") -> Case:
    """A case with these steps; an entry of `expect` is as in a file: {"step": 1, "outcome": "runs"}."""
    entries = tuple(Expectation(one["step"], one.get("on", ""), tuple((k, v) for k, v in one.items() if k not in ("step", "on")))
                    for one in expect)
    return Case("test.yaml", "test", "TEST-O01", "a test's case", Source("r", "", source, "f"), "test", dict(given or {}), steps,
                matrix, entries, "")


def verdict(*steps: str, expect: Iterable[dict[str, Any]] = (), given: Mapping[str, Any] | None = None, **more: Any) -> Verdict:
    """What becomes of the only instance of such a case."""
    (only,) = instances(case(*steps, expect=expect, given=given, **more))
    return RUNNER.run_instance(only)


def observe(*steps: str, given: Mapping[str, Any] | None = None, **more: Any) -> list[Observed]:
    """Every step as it was seen. The machine stands after the last one, so facts that look at it want that one."""
    made = case(*steps, given=given, **more)
    (only,) = instances(made)
    base = RUNNER.base(given_.read(made, extra_state(only)))
    base.player.back(base.place)
    todo = words.read_steps(made, {})
    harness = Harness(base, words.gva_is_l2s(todo))
    return [observed for _, observed in perform(harness, todo, made.given)]


def harness(given: Mapping[str, Any] | None = None, *steps: str) -> Harness:
    """A harness before step 1; the machine is fresh and its own."""
    base = Runner().base(given_.read(case(*steps or ("L1: nop",), given=given), {}))
    return Harness(base)


def operation(text: str) -> tuple[Operation, Actor]:
    """The first operation of a step, and who acts."""
    step = parse_step(text)
    return step.operations[0], step.actors[0]


def after(handler: Handler, value: Any) -> Setup:
    """What a premise alone makes of a set-up."""
    plan = Plan("v6.12")
    handler(plan, value)
    return plan.setup()


def said(h: Harness, start: int = 0) -> list[str]:
    """The words said to a harness's machine since `start`, remarks left out."""
    return [line for line in h.player.lines[start:] if not line.startswith("#")]

