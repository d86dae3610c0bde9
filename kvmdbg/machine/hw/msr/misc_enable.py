"""IA32_MISC_ENABLE: fast strings, and that branch trace storage and precise sampling are not there. It keeps what is written."""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw.msr_register import kept_msr

IA32_MISC_ENABLE: Final = 0x1A0
FAST_STRINGS: Final = 1 << 0
BTS_UNAVAILABLE: Final = 1 << 11
PEBS_UNAVAILABLE: Final = 1 << 12
MISC_ENABLE_RESET: Final = FAST_STRINGS | BTS_UNAVAILABLE | PEBS_UNAVAILABLE
READ_ONLY: Final = BTS_UNAVAILABLE | PEBS_UNAVAILABLE

kept_msr(IA32_MISC_ENABLE, "IA32_MISC_ENABLE", source="SDM Vol. 4 table 2-2", reset=MISC_ENABLE_RESET,
         legal=lambda hw, value: value & READ_ONLY == READ_ONLY)
