"""a6bd811f1209: nobody looks at the steal-time page before it is written."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("a6bd811f1209", order=20200131, first="v5.6", date="2020-01",
        subject="x86/KVM: Clean up host's steal time structure",
        touches=("x86.c: kvm_set_msr_common()",), read="memory")
class Without(Era):
    """WRMSR looked up the page, and was #GP where the VM has no memory."""

    def steal_time_page_must_exist(self) -> bool:
        """Yes."""
        return True
