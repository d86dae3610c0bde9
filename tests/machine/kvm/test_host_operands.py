"""Refusals that host events share."""

from __future__ import annotations

import pytest

from kvm_support import Machine
from kvmdbg.errors import UserError
from kvmdbg.machine.kvm.host_operands import GFN, page_in_use


def test_a_frame_number() -> None:
    assert (GFN.parse("0x42"), GFN.parse("seven")) == (0x42, None)


def test_an_address_in_the_place_of_a_frame_number_is_recognised() -> None:
    m = Machine()
    with pytest.raises(UserError) as refusal:
        page_in_use(m.kvm, "unmap", 0x4000_0000)
    assert "0x40000 for the address 0x40000000" in refusal.value.hint
