"""992edeaefed6: with EPT L1 and L2 have different EPTPs, whatever L1 uses."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.kvm.questions.nested import MAKE_REQUEST, NO_FLUSH, Transition

BEFORE, AFTER = "992edeaefed6^", "992edeaefed6"


def test_an_l2_without_ept12_and_vpid02() -> None:
    t = Transition(entry=False, enable_ept=True, enable_vpid=True, has_vpid12=True, vpid12=1, last_vpid=1, vpid02=0,
                   has_ept12=False)
    assert [(kernel(name).has_l2_a_tlb_tag(t), kernel(name).transition_flush(t).act) for name in (BEFORE, AFTER)] == [
        (False, MAKE_REQUEST), (True, NO_FLUSH)]
