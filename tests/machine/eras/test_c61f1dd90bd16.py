"""61f1dd90bd16: no VPIDs without INVVPID."""

from __future__ import annotations

import pytest

from kvm_support import L2_PAGE, Machine, flushes
from kvmdbg.errors import UserError
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.hw.state import Caps

NO_INVVPID = Caps(invvpid_types=())


def test_the_question() -> None:
    assert [kernel(name).vpid_needs_invvpid() for name in ("61f1dd90bd16^", "61f1dd90bd16")] == [False, True]


@pytest.mark.parametrize("name", ["v3.1", "v4.3", "v4.4"])
def test_the_flush_is_silently_left_out(name: str) -> None:
    """I-3, C.1: nothing but INVEPT is executed, in any order of nested entries and exits."""
    m = Machine(name, NO_INVVPID).given_vmx().given_l2(vpid=None, eptp=None)
    events = [*m.enter(), *m.run(f"load {L2_PAGE:#x}", "vmcall", "vmresume")]
    assert {flush.partition(" ")[0] for flush in flushes(events)} == {"invept"}


@pytest.mark.parametrize("name", ["v4.15", "v6.12"])
def test_it_is_refused_since(name: str) -> None:
    with pytest.raises(UserError, match="INVVPID"):
        Machine(name, NO_INVVPID)


def test_a_processor_without_vpid_is_refused_by_all() -> None:
    with pytest.raises(UserError, match="with VPID"):
        Machine("v3.1", Caps(vpid=False))
