"""f66c53b3b94f: INVPCID of all contexts unloads the roots at the next entry."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.kvm.questions.address_spaces import UNLOAD_NOW


def test_a_kernel_without_it_answers_as_before() -> None:
    assert kernel("f66c53b3b94f^").invpcid_all() == UNLOAD_NOW


def test_a_kernel_with_it_does_not() -> None:
    assert kernel("f66c53b3b94f").invpcid_all() != UNLOAD_NOW
