"""ef697a712a61: INVVPID of L1 does not depend on the current vmcs12."""

from __future__ import annotations

from kvm_support import V4_4, V6_12, Machine, results
from kvmdbg.machine.eras.versions import kernel

FIXED = "ef697a712a61"


def test_the_questions() -> None:
    assert [(era.nested_invvpid_types(True), era.nested_invvpid_types(False), era.invvpid_looks_at_vmcs12())
            for era in (kernel(V4_4), kernel(FIXED), kernel(V6_12))] == [
        ((2,), (), True), ((1, 2), (), False), ((0, 1, 2, 3), (), False)]


def test_single_context_is_taken_for_all_context() -> None:
    """Whatever VPID it names, and without a current VMCS."""
    m = Machine(FIXED).given_vmx()
    assert results(m.run("invvpid single-context 7")) == ["invvpid ok"]
    assert results(m.run("invvpid all-context")) == ["invvpid ok"]
