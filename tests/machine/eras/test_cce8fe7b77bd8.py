"""ce8fe7b77bd8: INVEPT of L1 frees the roots that it names; a root reused at a nested transition is not flushed for that alone."""

from __future__ import annotations

import pytest

from kvm_support import Machine, made, of
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.kvm.events import RootFreed
from kvmdbg.machine.kvm.questions.nested import FREE_ALL_ROOTS, FREE_MATCHING_ROOTS

BEFORE, AFTER = "ce8fe7b77bd8^", "ce8fe7b77bd8"


def test_the_questions() -> None:
    assert [(era.invept_effect(True), era.nested_switch_skips(True, True), era.nested_ept_switch_skips())
            for era in (kernel(BEFORE), kernel(AFTER))] == [
        (FREE_ALL_ROOTS, (False, True), (False, True)), (FREE_MATCHING_ROOTS, (True, True), (True, True))]


@pytest.mark.parametrize(("name", "freed"), [(BEFORE, 1), (AFTER, 0)])
def test_invept_of_another_eptp(name: str, freed: int) -> None:
    m = Machine(name).start()
    m.run("vmcall")
    assert len(of(m.run("invept 1, 0x7001e"), RootFreed)) == freed


@pytest.mark.parametrize(("name", "asked"), [(BEFORE, ["LOAD_MMU_PGD", "TLB_FLUSH_CURRENT"]), (AFTER, ["LOAD_MMU_PGD"])])
def test_a_nested_exit_to_a_cached_root(name: str, asked: list[str]) -> None:
    m = Machine(name).start()
    m.run("vmcall", "vmresume")
    assert made(m.run("vmcall")) == asked
