"""8d860bbeedef: APIC accesses are virtualized in xAPIC mode only."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("8d860bbeedef", order=20180511, first="v4.18", date="2018-05",
        subject="kvm: vmx: Basic APIC virtualization controls have three settings",
        touches=("vmx.c: vmx_set_virtual_apic_mode()", "lapic.c: kvm_lapic_set_base()",),
        needs=("a468f2dbf921",), read="memory")
class Without(Era):
    """One of two controls was always 1; without "virtualize x2APIC mode" nothing changed."""

    def virtual_apic_has_three_modes(self) -> bool:
        """No."""
        return False
