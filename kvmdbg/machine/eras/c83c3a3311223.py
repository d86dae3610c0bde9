"""83c3a3311223: KVM's own EPT uses accessed and dirty bits."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("83c3a3311223", order=20120661, first="v3.6", date="2012-06", subject="KVM: VMX: Enable EPT A/D bits if supported",
        touches=("vmx.c: construct_eptp()", "vmx.c: hardware_setup()"), read="memory",
        series="with b38f99347871 and 3f6d8c8a479f, the masks and the export of it; the number stands for the series")
class Without(Era):
    """EPTP bit 6 was 0 and EPT01 had no A bit: to age a page, KVM unmapped it."""

    def uses_ept_accessed_bits(self) -> bool:
        """No."""
        return False
