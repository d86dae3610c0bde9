"""50c28f21d045: roots survive nested transitions. Stands for the root cache of v4.19."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.questions.flushes import LOAD_FLUSHES_IN_SET_CR3


@commit("50c28f21d045", order=20180804, first="v4.19", date="2018-08",
        subject="kvm: x86: Use fast CR3 switch for nested VMX",
        touches=("mmu.c: fast_cr3_switch()", "vmx.c: nested_vmx_load_cr3()"),
        needs=("6e42782f516f",),
        series="with 7c390d350f8b (fast CR3 switch), b94742c958f0 (prev_roots) and afe828d1de40 (kvm_mmu_load() flushes, not "
               "vmx_set_cr3())")
class Without(Era):
    """The root was thrown away at every nested transition and every new CR3; setting CR3 flushed."""

    def caches_roots(self) -> bool:
        """No."""
        return False

    def has_guest_mmu(self) -> bool:
        """No."""
        return False

    def unchanged_cr3_is_a_flush_at_transitions(self) -> bool:
        """CR3 was loaded by kvm_set_cr3()."""
        return True

    def root_load_flush(self) -> str:
        """vmx_set_cr3() flushed each root that it loaded."""
        return LOAD_FLUSHES_IN_SET_CR3
