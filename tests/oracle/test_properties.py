"""Whatever a guest does, the processor keeps its rules, and no kernel lets a forbidden translation be used, known bugs aside."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant

from kvm_support import Machine
from kvmdbg.machine.hw.state import Caps
from kvmdbg.oracle.index import index_of
from kvmdbg.oracle.selfcheck import check
from kvmdbg.oracle.uses import uses
from kvmdbg.oracle.verdict import FORBIDDEN
from kvmdbg.tape import Tape
from machine.test_properties import AnyGuest, ShadowedGuest


class Judged(RuleBasedStateMachine):
    """A random guest, read by the oracle after each step."""

    m: Machine
    tape: Tape
    judged = 0
    known_bugs: tuple[str, ...] = ()           # kernels that do let one be used

    @invariant()
    def the_processor_obeys_the_manual(self) -> None:
        """C.3 point 8, and A.2, A.3; then C.3 point 5 for each use."""
        kvm = self.m.kvm
        index = index_of(kvm)
        check(kvm, index, self.judged, self.tape.cursor)
        forbidden = [use for use in uses(kvm, index, self.judged, self.tape.cursor) if use.verdict.status == FORBIDDEN]
        assert not forbidden or kvm.era.name in self.known_bugs, (kvm.era.name, forbidden[0].verdict.text)
        self.judged = self.tape.cursor


class JudgedGuest(Judged, AnyGuest):
    """With EPT."""


class JudgedShadowedGuest(Judged, ShadowedGuest):
    """Without EPT.  Until v5.7 flushes for L2 hit vpid01 (I-10 A), and a #PF left an unsync SPTE behind (ee1fa209f5e5)."""

    known_bugs = ("v4.3", "v4.4")


class CachingGuest(JudgedGuest):
    """With paging-structure caches: a stale upper level is used only where the table of invalidations lets it live."""

    caps = Caps(paging_structure_caches=True)


class CachingShadowedGuest(JudgedShadowedGuest):
    """The same without EPT: KVM's shadow pages are tables, too."""

    caps = CachingGuest.caps


JudgedGuest.TestCase.settings = settings(max_examples=18, stateful_step_count=20, derandomize=True, deadline=None, database=None,
                                         suppress_health_check=list(HealthCheck))
TestJudgedGuest = JudgedGuest.TestCase
JudgedShadowedGuest.TestCase.settings = settings(JudgedGuest.TestCase.settings, max_examples=10)
TestJudgedShadowedGuest = JudgedShadowedGuest.TestCase
CachingGuest.TestCase.settings = JudgedGuest.TestCase.settings
TestCachingGuest = CachingGuest.TestCase
CachingShadowedGuest.TestCase.settings = JudgedShadowedGuest.TestCase.settings
TestCachingShadowedGuest = CachingShadowedGuest.TestCase
