"""bcdde302b826: INVVPID of L1 reads and checks its operand."""

from __future__ import annotations

from kvm_support import V4_4, V6_12, Machine, flushes, results
from kvmdbg.machine.eras.versions import kernel

BEFORE = "v6.12 -bcdde302b826"


def test_the_questions() -> None:
    assert [(era.nested_invvpid_types(True), era.nested_invvpid_types(False), era.checks_invvpid_operand(),
             era.offers_vpid_to_l1(False)) for era in (kernel(V4_4), kernel(BEFORE), kernel(V6_12))] == [
        ((2,), (), False, True), ((1, 2), (), False, True), ((0, 1, 2, 3), (), True, False)]


def test_an_operand_that_names_no_vpid() -> None:
    found = []
    for name in (BEFORE, V6_12):
        m = Machine(name).start()
        m.run("vmcall")
        events = m.run("invvpid all-context 0x10000")
        found.append((results(events), len(flushes(events))))
    assert found == [(["invvpid ok"], 1), (["invvpid 28"], 0)]
