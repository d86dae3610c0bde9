"""What L1 reads of CPUID.OSXSAVE, for the commits that changed it."""

from __future__ import annotations

from kvm_support import Machine
from kvmdbg.machine.hw.controls import CR4_OSXSAVE
from kvmdbg.machine.hw.cpuid_leaves import OSXSAVE

CR4 = 0x20A0 | CR4_OSXSAVE


def of_l1_after_l2_cleared_it(name: str) -> bool:
    """CPUID.OSXSAVE as L1 reads it: its own CR4 has the bit, and L2 has taken it out of L2's."""
    m = Machine(name)
    m.run(f"mov cr4, {CR4:#x}")
    m.given_vmx().given_l2(vpid=None, HOST_CR4=CR4, GUEST_CR4=CR4, CR4_READ_SHADOW=CR4)
    m.enter()
    m.run("mov cr4, 0x20a0", "vmcall", "cpuid 1 ecx")
    assert m.vcpu.cr4 & CR4_OSXSAVE
    return bool(m.cpu.rax & OSXSAVE)
