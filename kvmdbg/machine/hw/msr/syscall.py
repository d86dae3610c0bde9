"""IA32_STAR, IA32_LSTAR, IA32_CSTAR, IA32_FMASK: where SYSCALL goes. The model has no SYSCALL: they keep what is written."""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw.msr_register import is_canonical, kept_msr

IA32_STAR: Final = 0xC000_0081
IA32_LSTAR: Final = 0xC000_0082
IA32_CSTAR: Final = 0xC000_0083
IA32_FMASK: Final = 0xC000_0084
SOURCE: Final = "SDM Vol. 3A 5.8.8"

kept_msr(IA32_STAR, "IA32_STAR", source=SOURCE)
kept_msr(IA32_LSTAR, "IA32_LSTAR", source=SOURCE, legal=is_canonical)
kept_msr(IA32_CSTAR, "IA32_CSTAR", source=SOURCE, legal=is_canonical)
kept_msr(IA32_FMASK, "IA32_FMASK", source=SOURCE, legal=lambda hw, value: not value >> 32)
