"""1438921c6dc1: the flush at a transition is a request, served once the new root is loaded."""

from __future__ import annotations

import pytest

from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.kvm.questions.nested import HOOK_VPID01, MAKE_REQUEST, Transition

BEFORE, AFTER = "1438921c6dc1^", "1438921c6dc1"


@pytest.mark.parametrize("entry", [True, False])
def test_a_flush_that_is_due(entry: bool) -> None:
    t = Transition(entry, enable_ept=True, enable_vpid=True, has_vpid12=False, vpid12=0, last_vpid=1, vpid02=2)
    assert [(kernel(name).transition_flush(t).act, kernel(name).transition_flush(t).request) for name in (BEFORE, AFTER)] == [
        (HOOK_VPID01, ""), (MAKE_REQUEST, "TLB_FLUSH")]
