"""Guest RAM: one memslot from 0 on."""

from __future__ import annotations

import pytest

from kvm_support import Machine
from kvmdbg.machine.hw.memory import FIRST_FRAME, read64
from kvmdbg.machine.kvm.guest_memory import gfn_to_pfn, kvm_read_guest, kvm_write_guest, move_page, release_frame


def test_a_page_is_allocated_at_its_first_touch_and_stays() -> None:
    m = Machine()
    pfn = gfn_to_pfn(m.kvm, 0x400)
    assert pfn == FIRST_FRAME
    assert gfn_to_pfn(m.kvm, 0x400) == pfn
    assert list(m.kvm.pages.items()) == [(0x400, pfn)]
    assert list(m.kvm.gfn_of.items()) == [(pfn, 0x400)]


def test_reading_allocates_nothing() -> None:
    m = Machine()
    assert kvm_read_guest(m.kvm, 0x40_0000) == 0
    assert (m.kvm.tape.end, len(m.kvm.pages)) == (0, 0)


def test_what_is_written_is_read_rounded_down_to_8_bytes() -> None:
    m = Machine()
    assert kvm_write_guest(m.kvm, 0x40_000B, 7)
    assert kvm_read_guest(m.kvm, 0x40_0008) == kvm_read_guest(m.kvm, 0x40_000F) == 7
    assert read64(m.kvm.hw, m.kvm.pages[0x400] + 8) == 7


@pytest.mark.parametrize("gpa", [0x4000_0000, 0x4000_0000_0000, 2**64 - 1, -8])
def test_outside_the_memslot_there_is_nothing(gpa: int) -> None:
    m = Machine()
    assert gfn_to_pfn(m.kvm, gpa >> 12) is None
    assert kvm_read_guest(m.kvm, gpa) is None
    assert not kvm_write_guest(m.kvm, gpa, 1)


def test_the_size_of_the_memslot_is_the_machines() -> None:
    m = Machine(memory=0x10_0000)
    assert kvm_read_guest(m.kvm, 0xF_FFF8) == 0
    assert kvm_read_guest(m.kvm, 0x10_0000) is None


def test_a_page_moves_with_its_contents() -> None:
    m = Machine()
    kvm_write_guest(m.kvm, 0x40_0008, 7)
    old = move_page(m.kvm, 0x400)
    release_frame(m.kvm, old)
    assert kvm_read_guest(m.kvm, 0x40_0008) == 7 and m.kvm.pages[0x400] != old
    assert list(m.kvm.gfn_of.items()) == [(m.kvm.pages[0x400], 0x400)] and read64(m.kvm.hw, old + 8) == 0
