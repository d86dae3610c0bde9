"""invvpid: descriptors in memory, types, L2."""

from __future__ import annotations

import pytest

from casework import harness, observe, operation, said
from kvmdbg.errors import Unsupported
from kvmdbg.machine.kvm.guest_memory import kvm_read_guest
from kvmdbg.session.cases import binding
from kvmdbg.session.cases.operations.invvpid import invvpid, type_of


def test_the_descriptor_lies_in_l1s_memory() -> None:
    h = harness()
    start = len(h.player.lines)
    invvpid(h, *operation("L1: invvpid type=0 vpid=0x10000 gla=0x7000"))
    assert said(h, start) == ["poke 0x104000 0x10000", "poke 0x104008 0x7000", "inject invvpid 0x0, @0x104000"]
    assert [kvm_read_guest(h.kvm, binding.DESCRIPTOR + offset) for offset in (0, 8)] == [0x10000, 0x7000]


def test_a_negative_type_is_sign_extended() -> None:
    assert type_of(harness(), operation("L1: invvpid type=-125 vpid=1")[0]) == 2**64 - 125


def test_the_lowest_type_that_l1_is_offered() -> None:
    step = operation("L1: invvpid type=<lowest supported> desc=@unmapped")[0]
    assert type_of(harness(), step) == 0
    assert type_of(harness({"caps": {"invvpid_types": [1, 2]}}), step) == 1
    with pytest.raises(Unsupported, match="L1 is offered no type"):
        type_of(harness({"caps": {"vpid": False, "invvpid_types": []}}), step)


def test_a_descriptor_elsewhere() -> None:
    h = harness()
    invvpid(h, *operation("L1: invvpid type=2 desc=@0xaaaaaaaaaaaaaaaa"))
    assert h.player.lines[-1] == "inject invvpid 0x2, @0xaaaaaaaaaaaaaaaa"
    invvpid(h, *operation("L1: invvpid type=2 desc=@unmapped"))
    assert h.player.lines[-1] == f"inject invvpid 0x2, @{binding.UNMAPPED:#x}"


def test_any_operands_and_l2() -> None:
    assert observe("L1: invvpid (any operands)")[0].seen.kind == "VMsucceed"
    (step,) = observe("L2: invvpid type=2 vpid=1 gla=0")
    assert (step.seen.kind, step.seen.reason) == ("vmexit", 53)
