"""cd9a491f6e61: individual-address INVVPID of L1 flushes one address."""

from __future__ import annotations

from kvm_support import V6_12, Machine, flushes
from kvmdbg.machine.eras.versions import kernel

BEFORE, AFTER = "cd9a491f6e61^", "cd9a491f6e61"


def test_the_question() -> None:
    assert [kernel(name).invvpid_flushes_one_address() for name in (BEFORE, AFTER)] == [False, True]


def test_individual_address_invvpid_of_l1() -> None:
    m = Machine(V6_12 + " -cd9a491f6e61").start()
    m.run("vmcall")
    assert flushes(m.run("invvpid 0, 1, 0x800000")) == ["invvpid single-context 2"]
    m = Machine(V6_12).start()
    m.run("vmcall")
    assert flushes(m.run("invvpid 0, 1, 0x800000")) == ["invvpid individual-address 2 @0x800000"]
