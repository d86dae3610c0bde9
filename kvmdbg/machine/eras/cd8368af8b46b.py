"""d8368af8b46b: the root is loaded after events are injected."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("d8368af8b46b", order=20120510, first="v3.5", date="2012-05",
        subject="KVM: Fix mmu_reload() clash with nested vmx event injection",
        touches=("x86.c: vcpu_enter_guest()",), read="memory")
class Without(Era):
    """An injection that ended in a nested exit left an MMU without a root, and the entry went ahead."""

    def loads_the_root_before_injecting(self) -> bool:
        """Yes."""
        return True
