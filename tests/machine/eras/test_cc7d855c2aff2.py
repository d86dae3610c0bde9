"""c7d855c2aff2: VMXON looks at CR0 and CR4."""

from __future__ import annotations

from kvm_support import V4_4, V6_12, VMXON_REGION, Machine
from kvmdbg.machine.eras.versions import kernel

BEFORE = "v6.12 -c7d855c2aff2"


def test_the_question() -> None:
    assert [kernel(name).checks_cr0_and_cr4_at_vmxon() for name in (V4_4, BEFORE, V6_12)] == [False, False, True]


def test_vmxon_without_cr0_ne() -> None:
    found = []
    for name in (BEFORE, V6_12):
        m = Machine(name)
        m.poke(VMXON_REGION, 0x11E5_7ED0)
        m.run("mov cr0, 0x80050013", f"vmxon {VMXON_REGION:#x}")
        found.append(m.vcpu.vmxon)
    assert found == [True, False]
