"""What L1 finds in vmcs12 after an exit of L2 (E.3)."""

from __future__ import annotations

import pytest

from kvm_support import (
    KERNELS,
    Machine,
)


@pytest.mark.parametrize("name", KERNELS)
def test_what_l2_changes_is_found_in_vmcs12(name: str) -> None:
    m = Machine(name).start()
    m.run("mov cr3, 0x48000", "mov cr4, 0x20a0", "mov cr4, 0x2020", "vmcall")
    assert (m.vmread("GUEST_CR3"), m.vmread("GUEST_CR4")) == (0x4_8000, 0x2020)


@pytest.mark.parametrize("name", KERNELS)
def test_bits_that_l1_owns_come_back_as_l1_wrote_them(name: str) -> None:
    """CR4.PGE is L1's: L2 reads 0 from the shadow while it runs with 1."""
    m = Machine(name).given_vmx().given_l2(CR4_GUEST_HOST_MASK=0x80, CR4_READ_SHADOW=0x2020, GUEST_CR4=0x20A0)
    m.enter()
    m.run("mov rax, cr4")
    assert (m.cpu.rax, m.cpu.cr4 & 0x80) == (0x2020, 0x80)
    m.run("vmcall")
    assert m.vmread("GUEST_CR4") == 0x20A0
