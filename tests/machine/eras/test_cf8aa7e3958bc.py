"""f8aa7e3958bc: INVEPT of L1 frees all roots of EPT12; without EPT its INVVPID frees all roots."""

from __future__ import annotations

import pytest

from kvm_support import Machine, of
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.kvm.events import RootFreed
from kvmdbg.machine.kvm.questions.nested import FREE_ALL_ROOTS, FREE_EVERY_ROOT, NO_EFFECT

BEFORE, AFTER = "f8aa7e3958bc^", "f8aa7e3958bc"


def test_the_questions() -> None:
    assert [(kernel(name).invept_effect(True), kernel(name).invvpid_frees_roots()) for name in (BEFORE, AFTER)] == [
        (NO_EFFECT, NO_EFFECT), (FREE_ALL_ROOTS, FREE_EVERY_ROOT)]


@pytest.mark.parametrize(("name", "freed"), [(BEFORE, 0), (AFTER, 1)])
def test_invept_of_l1(name: str, freed: int) -> None:
    m = Machine(name).start()
    m.run("vmcall")
    assert len(of(m.run("invept 1, 0x7001e"), RootFreed)) == freed
