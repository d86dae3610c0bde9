"""41ab93727467: EPTP switching for L1."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.hw.fields import F


def test_the_question() -> None:
    """E.6."""
    answers = [kernel(name).vm_functions_of_l1() for name in ("41ab93727467^", "41ab93727467", "v6.12")]
    assert answers == [0, 1, 1]


def test_vmcs12_has_no_field_for_it_before() -> None:
    found = [kernel(name).vmcs12_has(F.EPTP_LIST_ADDRESS) for name in ("v3.2", "41ab93727467^", "41ab93727467", "v6.12")]
    assert found == [False, False, True, True]
