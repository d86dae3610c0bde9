"""f0b98c02c18c: with EPT a flush is INVEPT alone."""

from __future__ import annotations

from kvm_support import Machine, flushes
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.kvm import vmx_flush
from kvmdbg.machine.kvm.questions.flushes import BOTH_TAGS, ONE_TAG

BEFORE, AFTER = "f0b98c02c18c^", "f0b98c02c18c"


def test_the_questions() -> None:
    assert [(kernel(name).flush_takes_one_tag(), kernel(name).flush_all_reach()) for name in (BEFORE, AFTER)] == [
        (False, BOTH_TAGS), (True, ONE_TAG)]


def test_what_it_flushed() -> None:
    found = []
    for name in (BEFORE, AFTER):
        m = Machine(name)
        m.run("nop")
        start = m.kvm.tape.cursor
        vmx_flush.vmx_flush_tlb(m.kvm, m.vcpu)
        found.append([words.split()[0] for words in flushes(m.since(start))])
    assert found == [["invvpid", "invept"], ["invept"]]
