"""User space gives the VM memory and takes it away."""

from __future__ import annotations

import pytest

from kvm_support import L1_PAGE, Machine, made, values
from kvmdbg.errors import UserError
from kvmdbg.machine.kvm.guest_memory import kvm_read_guest


def test_memory_that_goes_is_no_memory_and_comes_back_as_it_was() -> None:
    m = Machine().given_vmx()
    assert made(m.host("memslot create 0x80000 0x10")) == []
    m.poke(0x8000_0000, 5)
    m.map("L1", L1_PAGE, 0x8000_0000)
    assert values(m.run(f"load {L1_PAGE:#x}"))[-1] == 5
    m.host("memslot delete 0x80000")
    assert kvm_read_guest(m.kvm, 0x8000_0000) is None
    m.host("memslot create 0x80000 16")
    assert values(m.run(f"load {L1_PAGE:#x}"))[-1] == 5


def test_an_access_to_what_is_gone_leaves_kvm_run() -> None:
    m = Machine().given_vmx()
    m.host("memslot create 0x80000 0x10")
    m.map("L1", L1_PAGE, 0x8000_0000)
    m.run(f"load {L1_PAGE:#x}")
    m.host("memslot delete 0x80000 0x10")
    m.run(f"load {L1_PAGE:#x}")
    assert m.vcpu.exit_to_user.startswith("KVM_EXIT_MMIO")


@pytest.mark.parametrize(("text", "words"), [
    ("delete 5", "no slot begins at gfn 0x5"), ("delete 0 3", "no slot of 3 pages"), ("create 5 1", "has memory already"),
    ("create 0x80000", "no pages"), ("create 0x80000 0", "no pages"), ("create 0x80000 0x10000000000", "make no slot"),
    ("move 0", "must be create or delete")])
def test_what_makes_no_sense_is_refused(text: str, words: str) -> None:
    m = Machine()
    with pytest.raises(UserError, match=words):
        m.host(f"memslot {text}")
    assert m.kvm.tape.end == 0
