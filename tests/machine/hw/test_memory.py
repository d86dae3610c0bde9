"""Physical memory and its frames."""

from __future__ import annotations

import pytest

from kvmdbg.errors import ModelBug
from kvmdbg.machine.hw.memory import FIRST_FRAME, alloc_frame, free_frame, read64, write64
from support import new_hardware


def test_memory_never_written_is_zero_and_takes_no_cell() -> None:
    hw = new_hardware()
    assert read64(hw, 0x1000) == 0
    write64(hw, 0x1000, 0)
    assert len(hw.memory) == 0 and hw.tape.end == 0


def test_a_write_keeps_64_bits() -> None:
    hw = new_hardware()
    write64(hw, 8, -1)
    write64(hw, 16, 1 << 64 | 5)
    assert (read64(hw, 8), read64(hw, 16)) == (0xFFFF_FFFF_FFFF_FFFF, 5)


def test_memory_that_became_zero_equals_memory_never_written() -> None:
    hw = new_hardware()
    before = hw.tape.freeze()
    write64(hw, 8, 1)
    write64(hw, 8, 0)
    assert read64(hw, 8) == 0 and hw.tape.freeze() == before


@pytest.mark.parametrize("pa", [1, 4, 0x1007])
def test_an_unaligned_address_is_a_bug(pa: int) -> None:
    hw = new_hardware()
    with pytest.raises(ModelBug, match="multiple of 8"):
        read64(hw, pa)
    with pytest.raises(ModelBug, match="multiple of 8"):
        write64(hw, pa, 1)


def test_frames_go_up_from_4_gib_and_say_what_they_hold() -> None:
    hw = new_hardware()
    frames = [alloc_frame(hw, f"table {number}") for number in range(3)]
    assert frames == [FIRST_FRAME, FIRST_FRAME + 0x1000, FIRST_FRAME + 0x2000]
    assert hw.frames[frames[1]] == "table 1"
    assert list(hw.free_frames) == [FIRST_FRAME + 0x3000]        # known, not searched for


def test_the_lowest_freed_frame_is_used_first_and_comes_back_empty() -> None:
    hw = new_hardware()
    frames = [alloc_frame(hw, "table") for _ in range(4)]
    write64(hw, frames[1], 1)
    write64(hw, frames[1] + 0xFF8, 2)
    write64(hw, frames[2], 3)
    free_frame(hw, frames[2])
    free_frame(hw, frames[1])
    assert [alloc_frame(hw, "again") for _ in range(3)] == [frames[1], frames[2], frames[3] + 0x1000]
    assert len(hw.memory) == 0


def test_frames_recorded_by_hand_are_left_alone() -> None:
    hw = new_hardware()
    hw.frames[FIRST_FRAME] = "VMXON region"
    hw.frames[FIRST_FRAME + 0x2000] = "VMCS region"
    assert [alloc_frame(hw, "table") for _ in range(2)] == [FIRST_FRAME + 0x1000, FIRST_FRAME + 0x3000]


def test_a_low_frame_can_be_freed_but_is_never_handed_out() -> None:
    hw = new_hardware()
    hw.frames[0x3000] = "VMXON region"
    free_frame(hw, 0x3000)
    assert 0x3000 not in hw.frames and alloc_frame(hw, "table") == FIRST_FRAME


def test_freeing_what_is_not_in_use_is_a_bug() -> None:
    hw = new_hardware()
    frame = alloc_frame(hw, "table")
    free_frame(hw, frame)
    with pytest.raises(ModelBug, match="not in use"):
        free_frame(hw, frame)


def test_rewinding_takes_allocations_back() -> None:
    hw = new_hardware()
    first = alloc_frame(hw, "table")
    here, state = hw.tape.cursor, hw.tape.freeze()
    free_frame(hw, first)
    alloc_frame(hw, "one")
    alloc_frame(hw, "two")
    hw.tape.seek(here)
    assert hw.tape.freeze() == state
    hw.tape.cut()
    assert alloc_frame(hw, "next") == first + 0x1000
