"""RDTSC and RDTSCP: read the time-stamp counter."""

from __future__ import annotations

from kvmdbg.machine.hw.access import cpl
from kvmdbg.machine.hw.checking import secondary_controls
from kvmdbg.machine.hw.controls import (
    CPU_RDTSC_EXITING,
    CR0_PE,
    CR4_TSD,
    EXIT_REASON_RDTSC,
    EXIT_REASON_RDTSCP,
    SEC_ENABLE_RDTSCP,
)
from kvmdbg.machine.hw.faults import GuestFault, VmExit
from kvmdbg.machine.hw.instruction import Exits, Operands, instruction, primary
from kvmdbg.machine.hw.modes import non_root
from kvmdbg.machine.hw.msr.tsc import guest_rdtsc
from kvmdbg.machine.hw.state import Cpu, Hardware
from kvmdbg.machine.hw.vmcs import reader


def exits(reason: int) -> Exits:
    """"RDTSC exiting", after the #GP that CR4.TSD asks for."""
    def leave(hw: Hardware, cpu: Cpu, operands: Operands) -> VmExit | None:
        require_time_stamp(cpu)
        return VmExit(reason) if primary(hw, cpu, CPU_RDTSC_EXITING) else None
    return leave


def require_time_stamp(cpu: Cpu) -> None:
    """raises: GuestFault #GP where CR4.TSD leaves the counter to privilege level 0."""
    if cpu.cr4 & CR4_TSD and cpu.cr0 & CR0_PE and cpl(cpu):
        raise GuestFault("#GP")


def rdtscp_undefined(hw: Hardware, cpu: Cpu) -> bool:
    """In a guest without "enable RDTSCP"."""
    return non_root(cpu) and not secondary_controls(reader(hw, cpu)) & SEC_ENABLE_RDTSCP


@instruction("rdtsc", length=2, source="SDM Vol. 2B RDTSC; Vol. 3C 25.1.3, 25.3", exits=exits(EXIT_REASON_RDTSC))
def run(hw: Hardware, cpu: Cpu) -> None:
    """Read the time-stamp counter into RAX, all 64 bits; in a guest with its TSC offset."""
    require_time_stamp(cpu)
    cpu.rax = guest_rdtsc(hw, cpu)


@instruction("rdtscp", source="SDM Vol. 2B RDTSCP; Vol. 3C 25.1.3, 25.3", exits=exits(EXIT_REASON_RDTSCP),
             undefined=rdtscp_undefined)
def run_p(hw: Hardware, cpu: Cpu) -> None:
    """As RDTSC; IA32_TSC_AUX, which goes to RCX, is left out, as the model has no RCX."""
    require_time_stamp(cpu)
    cpu.rax = guest_rdtsc(hw, cpu)
