"""327c072187f7: a flush of vpid02 is INVVPID, with EPT as well."""

from __future__ import annotations

import pytest

from kvm_support import Machine, flushes
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.kvm.questions.nested import HOOK_VPID02, SYNC_VPID02, Transition

BEFORE, AFTER = "327c072187f7^", "327c072187f7"


def test_the_questions() -> None:
    changed = Transition(entry=True, enable_ept=True, enable_vpid=True, has_vpid12=True, vpid12=2, last_vpid=1, vpid02=2)
    assert [(kernel(name).invvpid_flushes_only_vpid(), kernel(name).transition_flush(changed).act) for name in (BEFORE, AFTER)] == [
        (False, HOOK_VPID02), (True, SYNC_VPID02)]


@pytest.mark.parametrize(("name", "by"), [(BEFORE, "invept"), (AFTER, "invvpid")])
def test_invvpid_of_l1_with_ept(name: str, by: str) -> None:
    """L1's EPTP is current while its INVVPID is emulated: the INVEPT is of no use to L2."""
    m = Machine(name).start()
    m.run("vmcall")
    assert [words.split()[0] for words in flushes(m.run("invvpid 1, 1"))] == [by]
