"""What the newest kernel answers about VM functions."""

from __future__ import annotations

import pytest

from kvmdbg.machine.kvm.questions.vmfunc import EMULATE, NEW_PGD, REFLECT, UNDEFINED, VmfuncQuestions

MAINLINE = VmfuncQuestions()


def test_mainline() -> None:
    """E.6, last row."""
    assert MAINLINE.offers_vmfunc_to_l1() and MAINLINE.vm_functions_of_l1() == 1
    assert MAINLINE.eptp_switch() == NEW_PGD
    assert not MAINLINE.eptp_switch_reloads_pdptrs() and not MAINLINE.eptp_switch_writes_ad_into_walk_mmu()


@pytest.mark.parametrize(("function", "controls", "enabled", "verdict"), [
    (0, 1, True, EMULATE), (1, 1, True, REFLECT), (0, 0, True, REFLECT), (64, 1, True, UNDEFINED), (0, 1, False, UNDEFINED)])
def test_what_becomes_of_a_function_number(function: int, controls: int, enabled: bool, verdict: str) -> None:
    assert MAINLINE.vmfunc_verdict(function, controls, enabled) == verdict
