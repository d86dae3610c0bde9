"""14c07ad89f4d: guest_mmu beside root_mmu."""

from __future__ import annotations

import pytest

from kvm_support import Machine, of
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.kvm.events import RootReused
from kvmdbg.machine.kvm.state import GUEST_MMU, ROOT_MMU

BEFORE, AFTER = "14c07ad89f4d^", "14c07ad89f4d"


def test_the_question() -> None:
    assert [kernel(name).has_guest_mmu() for name in (BEFORE, AFTER)] == [False, True]


@pytest.mark.parametrize(("name", "mmu"), [(BEFORE, ROOT_MMU), (AFTER, GUEST_MMU)])
def test_where_the_root_of_ept12_is_kept(name: str, mmu: str) -> None:
    m = Machine(name).start()
    assert (m.vcpu.mmu, m.kvm.mmu(m.vcpu).role.kind) == (mmu, "ept")
    assert len(of(m.run("vmcall"), RootReused)) == 1
    assert (m.vcpu.mmu, m.kvm.mmu(m.vcpu).role.kind) == (ROOT_MMU, "direct")
