"""CPUID of a guest: what user space offers it, and the bits that follow its control registers (cpuid.c: kvm_emulate_cpuid())."""

from __future__ import annotations

from kvmdbg.machine.hw.cpuid_leaves import FEATURES, HYPERVISOR, NOTHING, STRUCTURED, TSC_ADJUST, leaves
from kvmdbg.machine.hw.state import Caps
from kvmdbg.machine.kvm.state import Kvm, Vcpu
from kvmdbg.machine.kvm.vmx import skip_emulated_instruction


def kvm_cpuid(kvm: Kvm, vcpu: Vcpu, leaf: int, register: str) -> int:
    """One register ("eax" and so on) of a leaf: all that the host and this KVM can offer, as QEMU's `-cpu host` asks for it."""
    offered = leaves(guest_caps(kvm), kvm.runtime_cpuid.get(vcpu.id, 0), kvm.config.nested)
    found = offered.get(leaf, NOTHING)
    if leaf == FEATURES:
        found = found._replace(ecx=found.ecx | HYPERVISOR)
    if leaf == STRUCTURED and not kvm.era.emulates_tsc_adjust():
        found = found._replace(ebx=found.ebx & ~TSC_ADJUST)
    value: int = getattr(found, register)
    return value


def guest_caps(kvm: Kvm) -> Caps:
    """What L1's virtual processor has of the host's features; without EPT the PCIDs of old kernels are not offered."""
    pcid = kvm.era.has_pcid() and (kvm.config.enable_ept or kvm.era.pcid_without_tdp())
    return kvm.hw.caps._replace(pcid=kvm.hw.caps.pcid and pcid, invpcid=kvm.hw.caps.invpcid and pcid)


def handle_cpuid(kvm: Kvm, vcpu: Vcpu) -> None:
    """CPUID: one register of the leaf comes into RAX, if the instruction names one."""
    leaf, register = vcpu.exit_insn.operands
    if leaf is not None:
        vcpu.rax = kvm_cpuid(kvm, vcpu, leaf, register or "eax")
    skip_emulated_instruction(kvm, vcpu)
