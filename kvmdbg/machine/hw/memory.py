"""Physical memory: 64-bit cells, and the frames that the machine's own tables live in.

Frames are handed out from 4 GiB up, lowest free one first, so that a script gives the same addresses every time.
`hw.free_frames` holds the frames that were freed and, as its highest key, the first frame never used: what is free is
state like any other and comes back when the tape is rewound.
"""

from __future__ import annotations

from typing import Final

from kvmdbg.errors import ModelBug
from kvmdbg.machine.hw.state import Hardware

FRAME: Final = 0x1000
FIRST_FRAME: Final = 0x1_0000_0000
_BITS: Final = 0xFFFF_FFFF_FFFF_FFFF


def read64(hw: Hardware, pa: int) -> int:
    """The 64 bits at physical address `pa` (a multiple of 8); memory never written is 0."""
    if pa & 7:
        raise ModelBug(f"read64 of {pa:#x}, which is not a multiple of 8", hw.tape.cursor)
    return hw.memory.get(pa, 0)  # type: ignore[no-any-return]


def write64(hw: Hardware, pa: int, value: int) -> None:
    """Store the low 64 bits of `value` at physical address `pa` (a multiple of 8).

    A cell that becomes 0 leaves the table: memory equal to memory never written must freeze equal.
    """
    if pa & 7:
        raise ModelBug(f"write64 of {pa:#x}, which is not a multiple of 8", hw.tape.cursor)
    value &= _BITS
    if value:
        hw.memory[pa] = value
    elif pa in hw.memory:
        del hw.memory[pa]


def alloc_frame(hw: Hardware, what: str) -> int:
    """Physical address of the lowest free 4-KiB frame at or above 4 GiB, now recorded in `hw.frames` as `what`."""
    frame = _lowest_free(hw)
    if frame in hw.free_frames:
        del hw.free_frames[frame]
    hw.frames[frame] = what
    if not len(hw.free_frames):
        hw.free_frames[_next_unused(hw, frame)] = "never used"
    return frame


def free_frame(hw: Hardware, pa: int) -> None:
    """Take back the frame at `pa`: its contents are dropped and it can be handed out again.

    raises: ModelBug when `pa` is not a frame in use.
    """
    if pa not in hw.frames:
        raise ModelBug(f"free_frame of {pa:#x}, which is not in use", hw.tape.cursor)
    for cell in range(pa, pa + FRAME, 8):
        if cell in hw.memory:
            del hw.memory[cell]
    del hw.frames[pa]
    if pa >= FIRST_FRAME:
        hw.free_frames[pa] = "freed"


def _lowest_free(hw: Hardware) -> int:
    """Few frames are ever free at a time, so the smallest of them is cheap to find."""
    if not len(hw.free_frames):
        return _next_unused(hw, FIRST_FRAME - FRAME)
    return min(frame for frame, _ in hw.free_frames.unordered())


def _next_unused(hw: Hardware, frame: int) -> int:
    """The first frame above `frame` that nobody recorded in `hw.frames` by hand."""
    frame += FRAME
    while frame in hw.frames:
        frame += FRAME
    return frame
