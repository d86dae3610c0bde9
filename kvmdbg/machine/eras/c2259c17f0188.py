"""2259c17f0188: CPUID.OSXSAVE follows CR4 at nested entry and exit too."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("2259c17f0188", order=20201021, first="v5.11", date="2020-10",
        subject="kvm: x86: Sink cpuid update into vendor-specific set_cr4 functions",
        touches=("vmx.c: vmx_set_cr4()", "x86.c: kvm_set_cr4()",))
class Without(Era):
    """Only MOV CR4 updated it: L1 read in CPUID what L2 had left in its CR4."""

    def set_cr4_updates_cpuid(self) -> bool:
        """No."""
        return False
