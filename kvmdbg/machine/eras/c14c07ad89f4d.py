"""14c07ad89f4d: guest_mmu beside root_mmu."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("14c07ad89f4d", order=20181010, first="v4.20", date="2018-10",
        subject="x86/kvm/mmu: introduce guest_mmu",
        touches=("mmu.c: kvm_init_shadow_ept_mmu()", "vmx.c: nested_ept_init_mmu_context()"))
class Without(Era):
    """One MMU changed its role at each nested transition; its few cached roots were L1's and L2's."""

    def has_guest_mmu(self) -> bool:
        """No."""
        return False
