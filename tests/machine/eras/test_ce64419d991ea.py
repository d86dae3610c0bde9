"""e64419d991ea: a flush for the guest is INVVPID or nothing. The commit of seed 001."""

from __future__ import annotations

import pytest

from kvm_support import Machine, flushes
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.kvm import vmx_flush

BEFORE, AFTER = "e64419d991ea^", "e64419d991ea"


def test_the_questions() -> None:
    assert [(kernel(name).guest_flush_never_uses_invept(), kernel(name).fallback_flushes_all_for_vpid0())
            for name in (BEFORE, AFTER)] == [(False, True), (True, False)]


@pytest.mark.parametrize(("name", "enable_vpid", "expected"), [
    (BEFORE, True, ["invvpid single-context 1"]), (AFTER, True, ["invvpid single-context 1"]),
    (BEFORE, False, ["invept single-context ROOT"]), (AFTER, False, [])])
def test_what_a_flush_for_the_guest_is(name: str, enable_vpid: bool, expected: list[str]) -> None:
    """C.2, the column gpa=false and the row after it."""
    m = Machine(name, enable_vpid=enable_vpid)
    m.run("nop")
    start = m.kvm.tape.cursor
    vmx_flush.vmx_flush_tlb_guest(m.kvm, m.vcpu)
    assert flushes(m.since(start)) == [words.replace("ROOT", f"{m.tag():#x}") for words in expected]
