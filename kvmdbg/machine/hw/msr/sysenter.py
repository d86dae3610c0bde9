"""IA32_SYSENTER_CS, IA32_SYSENTER_ESP, IA32_SYSENTER_EIP: where SYSENTER goes."""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw.msr_register import address_of, msr
from kvmdbg.machine.hw.paging import MASK_32
from kvmdbg.machine.hw.state import Cpu, Hardware

IA32_SYSENTER_CS: Final = 0x174
IA32_SYSENTER_ESP: Final = 0x175
IA32_SYSENTER_EIP: Final = 0x176
SOURCE: Final = "SDM Vol. 3A 5.8.7"


def write_cs(hw: Hardware, cpu: Cpu, value: int) -> bool:
    cpu.descriptors = cpu.descriptors._replace(sysenter_cs=value & MASK_32)
    return True


msr(IA32_SYSENTER_CS, "IA32_SYSENTER_CS", source=SOURCE, read=lambda hw, cpu: cpu.descriptors.sysenter_cs, write=write_cs)
msr(IA32_SYSENTER_ESP, "IA32_SYSENTER_ESP", source=SOURCE, read=lambda hw, cpu: cpu.descriptors.sysenter_esp,
    write=address_of(lambda all_, value: all_._replace(sysenter_esp=value)))
msr(IA32_SYSENTER_EIP, "IA32_SYSENTER_EIP", source=SOURCE, read=lambda hw, cpu: cpu.descriptors.sysenter_eip,
    write=address_of(lambda all_, value: all_._replace(sysenter_eip=value)))
