"""27c42a1bb867: VM functions for L1."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.hw.fields import F


def test_the_question() -> None:
    """E.6."""
    answers = [kernel(name).offers_vmfunc_to_l1() for name in ("27c42a1bb867^", "27c42a1bb867", "v6.12")]
    assert answers == [False, True, True]


def test_vmcs12_has_no_field_for_it_before() -> None:
    found = [kernel(name).vmcs12_has(F.VM_FUNCTION_CONTROL) for name in ("v3.2", "27c42a1bb867^", "27c42a1bb867", "v6.12")]
    assert found == [False, False, True, True]
