"""Memory operands of VMX instructions."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw.faults import GuestFault
from kvmdbg.machine.hw.memory import write64
from kvmdbg.machine.hw.memory_operands import read_64, read_128, revision
from kvmdbg.machine.hw.operands import Descriptor
from kvmdbg.machine.hw.paging import RW, P
from support import HOST_CR3, map_page
from vmx import REGION, in_root


def test_inline_operands_touch_no_memory() -> None:
    hw, cpu = in_root()
    start = hw.tape.end
    assert read_64(hw, cpu, Descriptor(None, 5, 6)) == 5
    assert read_128(hw, cpu, Descriptor(None, 5, 6)) == (5, 6)
    assert hw.tape.end == start


def test_operands_in_memory_are_read_at_a_linear_address() -> None:
    hw, cpu = in_root()
    map_page(hw, HOST_CR3, 0x7000, 0x9000 | P | RW)
    write64(hw, 0x9010, 0x11)
    write64(hw, 0x9018, 0x22)
    assert read_64(hw, cpu, Descriptor(0x7010, 0, 0)) == 0x11
    assert read_128(hw, cpu, Descriptor(0x7010, 0, 0)) == (0x11, 0x22)


def test_an_operand_in_memory_that_is_not_mapped_faults() -> None:
    hw, cpu = in_root()
    with pytest.raises(GuestFault, match="#PF"):
        read_64(hw, cpu, Descriptor(0x7000, 0, 0))


def test_the_revision_identifier_is_the_low_half() -> None:
    hw, _ = in_root()
    write64(hw, REGION, 0x1234_5678_91E5_7ED0)
    assert revision(hw, REGION) == 0x91E5_7ED0
