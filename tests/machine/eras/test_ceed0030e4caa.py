"""eed0030e4caa: INVEPT of an invalid EPTP fails; and KVM_REQ_TLB_FLUSH means every context."""

from __future__ import annotations

import pytest

from kvm_support import Machine, flushes, results
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.kvm.kvm_host import kvm_make_request
from kvmdbg.machine.kvm.questions.flushes import EVERY_CONTEXT, ONE_TAG

BEFORE, AFTER = "eed0030e4caa^", "eed0030e4caa"


def test_the_questions() -> None:
    assert [(kernel(name).checks_the_eptp_of_invept(), kernel(name).flush_all_reach()) for name in (BEFORE, AFTER)] == [
        (False, ONE_TAG), (True, EVERY_CONTEXT)]


@pytest.mark.parametrize(("name", "result"), [(BEFORE, ["invept ok"]), (AFTER, ["invept 28"])])
def test_invept_of_an_eptp_with_reserved_bits(name: str, result: list[str]) -> None:
    m = Machine(name).start()
    m.run("vmcall")
    assert results(m.run("invept 1, 0x1001f")) == result


def test_a_full_flush_while_l2_is_active_reaches_l1_as_well() -> None:
    found = []
    for name in (BEFORE, AFTER):
        m = Machine(name).start()
        kvm_make_request(m.kvm, m.vcpu, "TLB_FLUSH", "a test")
        found.append([words.split()[:2] for words in flushes(m.run("cpuid"))])
    assert found[0][0] == ["invept", "single-context"]
    assert found[1][0] == ["invept", "all-context"]
