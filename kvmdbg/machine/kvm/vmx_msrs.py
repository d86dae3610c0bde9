"""RDMSR and WRMSR of a guest: L0 intercepts every register (vmx.c: vmx_get_msr(), vmx_set_msr(); x86.c: kvm_get_msr()).

Simplified: KVM lets a guest reach some of them without an exit (bases of segments, the counter for reads); the value is the
same, and there is one exit more here.
"""

from __future__ import annotations

from typing import Final

from kvmdbg.catalog import open_drawer
from kvmdbg.machine.hw import msrs
from kvmdbg.machine.hw.controls import CPU_USE_MSR_BITMAPS, EXIT_REASON_MSR_WRITE
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.machine.kvm.guest_memory import kvm_read_guest
from kvmdbg.machine.kvm.guest_msr import GUEST_MSRS, GuestMsr
from kvmdbg.machine.kvm.state import Kvm, Vcpu
from kvmdbg.machine.kvm.vmx import drop_instruction, skip_emulated_instruction
from kvmdbg.machine.kvm.vmx_ops import read
from kvmdbg.machine.kvm.x86 import kvm_queue_exception

open_drawer("kvmdbg.machine.kvm.msr")

BY_NUMBER: Final[dict[int, GuestMsr]] = {register.number: register for register in GUEST_MSRS}


def handle_rdmsr(kvm: Kvm, vcpu: Vcpu) -> None:
    """RDMSR; #GP for a register that the guest does not have (x86.c: kvm_emulate_rdmsr())."""
    value = kvm_get_msr(kvm, vcpu, vcpu.exit_insn.operands[0])
    if value is None:
        raise_gp(kvm, vcpu)
    else:
        vcpu.rax = value
        skip_emulated_instruction(kvm, vcpu)


def handle_wrmsr(kvm: Kvm, vcpu: Vcpu) -> None:
    """WRMSR; #GP for a register that the guest does not have, and for a value that it refuses (x86.c: kvm_emulate_wrmsr())."""
    number, value = vcpu.exit_insn.operands
    if kvm_set_msr(kvm, vcpu, number, value):
        skip_emulated_instruction(kvm, vcpu)
    else:
        raise_gp(kvm, vcpu)


def raise_gp(kvm: Kvm, vcpu: Vcpu) -> None:
    kvm_queue_exception(kvm, vcpu, "#GP")
    drop_instruction(vcpu)


def kvm_get_msr(kvm: Kvm, vcpu: Vcpu, number: int) -> int | None:
    """The register as the guest that runs has it; None when it has none.  raises: Unsupported."""
    register = BY_NUMBER.get(number)
    return None if register is None else register.get(kvm, vcpu)


def kvm_set_msr(kvm: Kvm, vcpu: Vcpu, number: int, value: int, host_initiated: bool = False) -> bool:
    """Write a register of the guest that runs; False asks for #GP(0).  host_initiated: for user space.  raises: Unsupported."""
    register = BY_NUMBER.get(number)
    return register is not None and register.set(kvm, vcpu, value, host_initiated)


def nested_vmx_exit_handled_msr(kvm: Kvm, vcpu: Vcpu) -> bool:
    """Does L1 want L2's RDMSR or WRMSR?  Its own bitmaps say so (nested.c)."""
    if not vmcs12.get(kvm, vcpu, F.CPU_BASED_VM_EXEC_CONTROL) & CPU_USE_MSR_BITMAPS:
        return True
    page = vmcs12.get(kvm, vcpu, F.MSR_BITMAP)
    is_write = read(kvm, vcpu, F.VM_EXIT_REASON) == EXIT_REASON_MSR_WRITE
    return msrs.bitmap_exits(lambda gpa: kvm_read_guest(kvm, gpa) or 0, page, vcpu.exit_insn.operands[0], is_write)
