"""f0b5105af6df: the limit of MSR lists."""

from __future__ import annotations

import pytest

from kvm_support import Machine, of
from kvmdbg.machine.kvm.events import NestedEntryFailed


@pytest.mark.parametrize(("name", "failed"), [("v4.15", [514]), ("f0b5105af6df^", [514]), ("f0b5105af6df", [513]), ("v5.7", [513])])
def test_one_more_than_the_limit(name: str, failed: list[int]) -> None:
    """The list has 513 good entries, and a bad one behind them."""
    m = Machine(name).given_vmx().given_l2(VM_ENTRY_MSR_LOAD_COUNT=514, VM_ENTRY_MSR_LOAD_ADDR=0xA000)
    for index in range(513):
        m.poke(0xA000 + 16 * index, 0x174)
    m.poke(0xA000 + 16 * 513, 0x11)
    assert [event.qualification for event in of(m.enter(), NestedEntryFailed)] == failed
