"""2259c17f0188: CPUID.OSXSAVE at nested transitions."""

from __future__ import annotations

import pytest

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


@pytest.mark.parametrize(("name", "found"), [("v5.10", False), ("2259c17f0188^", False), ("2259c17f0188", True), ("v6.12", True)])
def test_l1_reads_its_own(name: str, found: bool) -> None:
    assert of_l1_after_l2_cleared_it(name) is found
