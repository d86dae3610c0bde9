"""089d7b6ec515: L1 learns of VPID."""

from __future__ import annotations

from kvm_support import V4_4, Machine, of, results
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.kvm.events import ExceptionInjected

BEFORE = "v4.4 -089d7b6ec515"


def test_the_types_of_invvpid_that_l1_is_offered() -> None:
    assert [kernel(name).nested_invvpid_types(True) for name in (BEFORE, V4_4)] == [(), (2,)]


def test_between_the_two_commits_vpid_could_be_set_but_invvpid_was_undefined() -> None:
    m = Machine(BEFORE).start()
    assert m.cpu.vpid == 2
    m.run("vmcall")
    assert [event.vector for event in of(m.run("invvpid all-context"), ExceptionInjected)] == ["#UD"]
    m = Machine(V4_4).start()
    m.run("vmcall")
    assert results(m.run("invvpid all-context")) == ["invvpid ok"]
