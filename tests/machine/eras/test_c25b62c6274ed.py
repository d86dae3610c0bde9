"""25b62c6274ed: without EPT INVVPID of L1 frees the roots of L2 only."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.kvm.questions.nested import FREE_EVERY_ROOT, FREE_GUEST_MODE_ROOTS

BEFORE, AFTER = "25b62c6274ed^", "25b62c6274ed"


def test_the_question() -> None:
    assert [kernel(name).invvpid_frees_roots() for name in (BEFORE, AFTER)] == [FREE_EVERY_ROOT, FREE_GUEST_MODE_ROOTS]
