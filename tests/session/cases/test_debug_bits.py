"""Debug status in words."""

from __future__ import annotations

import pytest

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.state import Caps
from kvmdbg.session.cases.binding import Binding
from kvmdbg.session.cases.debug_bits import debug_bits


@pytest.mark.parametrize(("wanted", "value"), [
    (0x4001, 0x4001), ("0x4001", 0x4001), ("BS", 0x4000), ("BS|B1", 0x4002), ("DR6_BS | DR6_TRAP3", 0x4008), ("none", 0),
    ("bit 14", 0x4000),
    ("BS, B3 and B1 set", 0x400A), ("active-low bits, BS and B3", 0xFFFF_4FF8), ("BS | PENDING_DBG_TRAP | DR6_TRAP0", 0x5001)])
def test_numbers_and_names(wanted: int | str, value: int) -> None:
    assert debug_bits(Binding(Caps()), wanted) == value


@pytest.mark.parametrize("wanted", ["BS and XY", "V", "everything"])
def test_other_words(wanted: str) -> None:
    with pytest.raises(Unsupported):
        debug_bits(Binding(Caps()), wanted)
