"""In which mode the processor runs: virtual-8086, compatibility and 64-bit mode, VMX operation."""

from __future__ import annotations

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.controls import AR_L, CR0_PE, CR4_PVI, CR4_VME, EFER_LMA, RFLAGS_VM
from kvmdbg.machine.hw.faults import GuestFault
from kvmdbg.machine.hw.state import VMX_NON_ROOT, VMX_OFF, Cpu, Hardware


def virtual_8086(cpu: Cpu) -> bool:
    return bool(cpu.rflags & RFLAGS_VM)


def compatibility(cpu: Cpu) -> bool:
    """IA-32e mode, but the code segment is not a 64-bit one."""
    return bool(cpu.efer & EFER_LMA) and not cpu.descriptors.cs.ar & AR_L


def long_mode(cpu: Cpu) -> bool:
    """64-bit mode: IA-32e mode with a 64-bit code segment."""
    return bool(cpu.efer & EFER_LMA) and bool(cpu.descriptors.cs.ar & AR_L)


def no_vmx_mode(cpu: Cpu) -> bool:
    """The mode has no VMX instructions at all (real-address, virtual-8086, compatibility)."""
    return not cpu.cr0 & CR0_PE or virtual_8086(cpu) or compatibility(cpu)


def vmx_undefined(hw: Hardware, cpu: Cpu) -> bool:
    """The common #UD test of the VMX instructions: not in VMX operation, or a mode without them (architecture.md D)."""
    return cpu.vmx == VMX_OFF or no_vmx_mode(cpu)


def non_root(cpu: Cpu) -> bool:
    return cpu.vmx == VMX_NON_ROOT


def require_iopl(cpu: Cpu) -> None:
    """The test of CLI and STI: privileged enough for I/O (SDM Vol. 3A 6.8.1).

    raises: GuestFault #GP; Unsupported where the instruction would act on the virtual interrupt flag.
    """
    iopl = cpu.rflags >> 12 & 3
    level = 3 if virtual_8086(cpu) else cpu.descriptors.ss.ar >> 5 & 3
    if not cpu.cr0 & CR0_PE or level <= iopl:
        return
    if cpu.cr4 & (CR4_VME if virtual_8086(cpu) else CR4_PVI) and level == 3:
        raise Unsupported("virtual interrupts (CR4.VME, CR4.PVI) are not modelled", "Clear the bit, or raise IOPL.")
    raise GuestFault("#GP")
