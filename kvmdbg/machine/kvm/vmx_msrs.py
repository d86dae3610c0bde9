"""RDMSR and WRMSR of a guest: L0 intercepts every register (vmx.c: vmx_get_msr(), vmx_set_msr(); x86.c: set_efer())."""

from __future__ import annotations

from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw import msrs
from kvmdbg.machine.hw.capabilities import WITHOUT_TRUE, vmx_msrs
from kvmdbg.machine.hw.controls import CPU_USE_MSR_BITMAPS, CR0_PG, EXIT_REASON_MSR_WRITE
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.paging import MASK_32, canonical
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.machine.kvm.apic_access_page import kvm_get_apic_base, kvm_set_apic_base
from kvmdbg.machine.kvm.control_registers import finish
from kvmdbg.machine.kvm.guest_memory import kvm_read_guest
from kvmdbg.machine.kvm.nested_checks import nested_caps
from kvmdbg.machine.kvm.state import Kvm, Vcpu
from kvmdbg.machine.kvm.steal_time import MSR_KVM_STEAL_TIME, set_steal_time
from kvmdbg.machine.kvm.vmcs12 import VMCS12_REVISION
from kvmdbg.machine.kvm.vmx import drop_instruction, skip_emulated_instruction
from kvmdbg.machine.kvm.vmx_control_registers import vmx_set_efer
from kvmdbg.machine.kvm.vmx_ops import read, write
from kvmdbg.machine.kvm.x86 import kvm_queue_exception

IN_THE_VMCS: Final = {
    msrs.IA32_SYSENTER_CS: F.GUEST_SYSENTER_CS, msrs.IA32_SYSENTER_ESP: F.GUEST_SYSENTER_ESP,
    msrs.IA32_SYSENTER_EIP: F.GUEST_SYSENTER_EIP, msrs.IA32_FS_BASE: F.GUEST_FS_BASE, msrs.IA32_GS_BASE: F.GUEST_GS_BASE,
}
IA32_APIC_BASE: Final = 0x1B
NOT_SWITCHED: Final = (msrs.IA32_PAT, msrs.IA32_DEBUGCTL)


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


def refuse(kvm: Kvm, number: int) -> None:
    """raises: Unsupported for a register that the model's KVM does not switch between host and guest."""
    if number == IA32_APIC_BASE and not kvm.config.apic_access_page:
        raise Unsupported("IA32_APIC_BASE is not modelled without an APIC-access page: the local APIC stays in xAPIC mode",
                          "`machine apic_access_page=1 nested=0`, or an L2 with an APIC-access page of its own.")
    if number in NOT_SWITCHED:
        raise Unsupported(f"{msrs.MSRS[number].name} of a guest is not modelled", "It has nothing to do with flushing.")


def kvm_get_msr(kvm: Kvm, vcpu: Vcpu, number: int) -> int | None:
    """The register as the guest that runs has it; None when it has none."""
    refuse(kvm, number)
    if number == msrs.IA32_EFER:
        return vcpu.efer
    if number == MSR_KVM_STEAL_TIME:
        return vcpu.steal_time
    if number == IA32_APIC_BASE:
        return kvm_get_apic_base(kvm, vcpu)
    if number in IN_THE_VMCS:
        return read(kvm, vcpu, IN_THE_VMCS[number])
    return vmx_get_vmx_msr(kvm, vcpu, number)


def vmx_get_vmx_msr(kvm: Kvm, vcpu: Vcpu, number: int) -> int | None:
    """A VMX capability MSR of L1's virtual processor: what vmcs12 is checked against (nested.c: vmx_get_vmx_msr()).

    An L1 that is told of no TRUE MSRs reads them nevertheless, as those without TRUE in their name.
    """
    if not kvm.config.nested or vcpu.guest_mode:
        return None
    if not kvm.era.offers_true_controls_to_l1():
        number = WITHOUT_TRUE.get(number, number)
    return vmx_msrs(nested_caps(kvm), VMCS12_REVISION).get(number)


def kvm_set_msr(kvm: Kvm, vcpu: Vcpu, number: int, value: int) -> bool:
    """Write a register of the guest that runs; False asks for #GP(0)."""
    refuse(kvm, number)
    if number == msrs.IA32_EFER:
        return set_efer(kvm, vcpu, value)
    if number == MSR_KVM_STEAL_TIME:
        return set_steal_time(kvm, vcpu, value)
    if number == IA32_APIC_BASE:
        return kvm_set_apic_base(kvm, vcpu, value)
    if number not in IN_THE_VMCS:
        return False
    if number != msrs.IA32_SYSENTER_CS and not canonical(value, kvm.hw.caps.linear_bits):
        return False
    write(kvm, vcpu, IN_THE_VMCS[number], value & MASK_32 if number == msrs.IA32_SYSENTER_CS else value)
    return True


def set_efer(kvm: Kvm, vcpu: Vcpu, value: int) -> bool:
    """IA32_EFER: NX, since v5.18 LME too, are of the MMU's role: a new root is loaded, and that flushes (x86.c: set_efer())."""
    old = vcpu.efer
    efer = msrs.efer_after_write(value, old, bool(vcpu.cr0 & CR0_PG))
    if efer is None:
        return False
    vmx_set_efer(kvm, vcpu, efer)
    finish(kvm, vcpu, kvm.era.efer_aftermath(old, efer), "set_efer")
    return True


def nested_vmx_exit_handled_msr(kvm: Kvm, vcpu: Vcpu) -> bool:
    """Does L1 want L2's RDMSR or WRMSR?  Its own bitmaps say so (nested.c)."""
    if not vmcs12.get(kvm, vcpu, F.CPU_BASED_VM_EXEC_CONTROL) & CPU_USE_MSR_BITMAPS:
        return True
    page = vmcs12.get(kvm, vcpu, F.MSR_BITMAP)
    is_write = read(kvm, vcpu, F.VM_EXIT_REASON) == EXIT_REASON_MSR_WRITE
    return msrs.bitmap_exits(lambda gpa: kvm_read_guest(kvm, gpa) or 0, page, vcpu.exit_insn.operands[0], is_write)
