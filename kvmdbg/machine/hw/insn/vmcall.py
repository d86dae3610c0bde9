"""VMCALL: call the host."""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw.access import cpl
from kvmdbg.machine.hw.controls import EXIT_REASON_VMCALL
from kvmdbg.machine.hw.faults import GuestFault
from kvmdbg.machine.hw.instruction import always_exits, instruction
from kvmdbg.machine.hw.modes import compatibility, virtual_8086
from kvmdbg.machine.hw.outcome import vmfail
from kvmdbg.machine.hw.state import VMX_OFF, Cpu, Hardware

IN_ROOT: Final = 1


def undefined(hw: Hardware, cpu: Cpu) -> bool:
    return cpu.vmx == VMX_OFF


@instruction("vmcall", source="SDM Vol. 3C 30.3 VMCALL", undefined=undefined, exits=always_exits(EXIT_REASON_VMCALL))
def run(hw: Hardware, cpu: Cpu) -> None:
    """Call the host: a VM exit at any privilege level and in any mode; in VMX root operation a failure, without SMM."""
    if virtual_8086(cpu) or compatibility(cpu):
        raise GuestFault("#UD")
    if cpl(cpu):
        raise GuestFault("#GP")
    vmfail(hw, cpu, "vmcall", IN_ROOT)
