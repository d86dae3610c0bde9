"""2c5653caecc4: PDPTEs that KVM has read are loaded before the next entry."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("2c5653caecc4", order=20211114, first="v5.16", date="2021-11",
        subject="KVM: X86: Ensure that dirty PDPTRs are loaded",
        touches=("x86.c: load_pdptrs()",),
        read="memory")
class Without(Era):
    """They stayed in memory until something else loaded a root (I-16)."""

    def asks_to_load_new_pdptes(self) -> bool:
        """No."""
        return False
