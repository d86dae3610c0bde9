"""IA32_FS_BASE, IA32_GS_BASE: bases of segments in 64-bit mode; IA32_KERNEL_GS_BASE: what SWAPGS exchanges with the second."""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw.msr_register import address_of, is_canonical, kept_msr, msr

IA32_FS_BASE: Final = 0xC000_0100
IA32_GS_BASE: Final = 0xC000_0101
IA32_KERNEL_GS_BASE: Final = 0xC000_0102
SOURCE: Final = "SDM Vol. 3A 3.4.4.1"

msr(IA32_FS_BASE, "IA32_FS_BASE", source=SOURCE, read=lambda hw, cpu: cpu.descriptors.fs.base,
    write=address_of(lambda all_, value: all_._replace(fs=all_.fs._replace(base=value))))
msr(IA32_GS_BASE, "IA32_GS_BASE", source=SOURCE, read=lambda hw, cpu: cpu.descriptors.gs.base,
    write=address_of(lambda all_, value: all_._replace(gs=all_.gs._replace(base=value))))
kept_msr(IA32_KERNEL_GS_BASE, "IA32_KERNEL_GS_BASE", source=SOURCE, legal=is_canonical)
