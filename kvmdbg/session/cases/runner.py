"""Runs cases: an instance is set up, its steps are done on the machine, and what the tape shows is compared.

Nothing is a pass by default: a word that cannot be done, set up or compared makes the instance `unsupported: WORD`, and
an instance in which nothing was compared fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Final, NamedTuple

from kvmdbg.errors import KvmdbgError, Unsupported, UserError
from kvmdbg.session.cases import control_bits, given, words
from kvmdbg.session.cases.base import Base, prepare
from kvmdbg.session.cases.control_bits import Bit
from kvmdbg.session.cases.fact import Observed, check
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.matrix import Instance, extra_state, facts_of, instances, spell, variants
from kvmdbg.session.cases.model import Case, Value
from kvmdbg.session.cases.performance import perform
from kvmdbg.session.cases.reader import read_file
from kvmdbg.session.cases.script import Script
from kvmdbg.session.cases.setup import Setup
from kvmdbg.session.cases.words import StepToDo

OK: Final = "ok"
FAIL: Final = "FAIL"
UNSUPPORTED: Final = "unsupported"


class Verdict(NamedTuple):
    """What became of one instance."""

    instance: Instance
    status: str                  # OK, FAIL or UNSUPPORTED
    reason: str                  # "" when ok; else what was expected and seen, or the word that is lacking
    script: tuple[Script, ...]   # what the debugger would have been told, one a variant


class CaseResult(NamedTuple):
    """What became of a case: one verdict an instance."""

    case: Case
    verdicts: tuple[Verdict, ...]

    def count(self, status: str) -> int:
        return sum(verdict.status == status for verdict in self.verdicts)

    @property
    def status(self) -> str:
        """FAIL when an instance fails, else UNSUPPORTED when one is, else OK."""
        return next((status for status in (FAIL, UNSUPPORTED) if self.count(status)), OK)


@dataclass(slots=True)
class Comparison:
    """What has been compared in one run of an instance: a fact that does not hold outweighs a word that cannot be compared."""

    compared: int = 0
    wrong: str = ""                      # the first fact that does not hold, or why the steps could not go on
    lacking: Unsupported | None = None   # the first word that cannot be compared

    def add(self, step: StepToDo, observed: Observed, key: str, wanted: Value) -> None:
        """Compare one fact of a step."""
        try:
            seen = check(observed, key, wanted)
        except Unsupported as lacking:
            self.lacking = self.lacking or lacking
            return
        self.compared += 1
        if seen and not self.wrong:
            self.wrong = f"step {step.number} ({step.text}): {key}: expected {spell(wanted)}, seen {seen}"

    def problem(self) -> str:
        """What is wrong, "" when everything holds.  raises: Unsupported."""
        if not self.wrong and self.lacking:
            raise self.lacking
        return self.wrong or ("" if self.compared else "nothing was compared")


class Runner:
    """Runs cases one after the other; instances that need the same machine share one."""

    def __init__(self) -> None:
        self._bases: dict[Setup, Base | Unsupported] = {}

    def run_case(self, case: Case) -> CaseResult:
        """Every instance of a case, in order."""
        return CaseResult(case, tuple(self.run_instance(instance) for instance in instances(case)))

    def run_instance(self, instance: Instance) -> Verdict:
        """One instance. Never raises for what a case says: an error of the machine is a failure of the instance."""
        scripts: list[Script] = []
        try:
            problem = self._run(instance, scripts)
        except Unsupported as lacking:
            return Verdict(instance, UNSUPPORTED, str(lacking), tuple(scripts))
        except KvmdbgError as error:
            problem = str(error)
        except Exception as error:      # a bug of the model: this instance fails, the others still run
            problem = f"kvmdbg is wrong: {type(error).__name__}: {error}"
        return Verdict(instance, FAIL if problem else OK, problem, tuple(scripts))

    def _run(self, instance: Instance, scripts: list[Script]) -> str:
        """What is wrong with the instance, "" when it holds for every variant."""
        case, extra = instance.case, extra_state(instance)
        premises = {**case.given, **extra}
        setups = given.setups(case, extra, instance.row)
        problems = (self._run_on(self.base(setup), instance, premises, scripts) for setup in setups)
        return next((problem for problem in problems if problem), "")

    def _run_on(self, base: Base, instance: Instance, premises: Mapping[str, Value], scripts: list[Script]) -> str:
        """The same on one machine."""
        case, number = instance.case, Harness(base).binding.number
        for values in variants(instance, number):
            bits = control_bits.bits(base.player.kvm, case, values)
            for means in product(words.sizes(case, values), words.fields(case), bits):
                problem = self._variant(base, instance, {**dict(instance.values), **values}, premises, means, scripts)
                if problem:
                    return problem
        return ""

    def _variant(self, base: Base, instance: Instance, values: Mapping[str, Value], premises: Mapping[str, Value],
                 means: tuple[bool, str, Bit], scripts: list[Script]) -> str:
        case = instance.case
        steps = words.read_steps(case, values)
        facts = words.placed(case, steps, [(one.step, facts_of(one, values)) for one in words.counted(case.expect)])
        base.player.back(base.place)
        harness = Harness(base, words.gva_is_l2s(steps), *means)
        comparison = Comparison()
        try:
            for step, observed in perform(harness, steps, premises):
                for key, wanted in facts.get(step.number, ()):
                    comparison.add(step, observed, key, wanted)
        except Unsupported as lacking:
            comparison.lacking = comparison.lacking or lacking
        except UserError as error:
            comparison.wrong = comparison.wrong or str(error)
        finally:
            scripts.append(Script(case, instance, dict(values), tuple(base.player.lines)))
        return comparison.problem()

    def base(self, setup: Setup) -> Base:
        """The machine for a set-up, booted at the first use.  raises: Unsupported."""
        if setup not in self._bases:
            try:
                self._bases[setup] = prepare(setup)
            except Unsupported as lacking:
                self._bases[setup] = lacking
        found = self._bases[setup]
        if isinstance(found, Unsupported):
            raise found
        return found


def cases_of(paths: list[str], case_id: str | None = None) -> list[Case]:
    """The cases of some files, in their order.

    case_id: this case only.  raises: UserError for a file that cannot be read or is malformed, or an id that is nowhere.
    """
    cases = [case for path in paths for case in read_file(path)]
    return cases if case_id is None else words.chosen(cases, case_id)


def check_cases(cases: Iterable[Case]) -> Iterator[CaseResult]:
    """Each case's result as it comes."""
    runner = Runner()
    for case in cases:
        yield runner.run_case(case)

