"""45e11817d570: L1 is offered single-context INVEPT (again)."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("45e11817d570", order=20160720, first="v4.8", date="2016-07",
        subject="nvmx: mark ept single context invalidation as supported",
        touches=("vmx.c: nested_vmx_setup_ctls_msrs()", "vmx.c: handle_invept()"), read="memory")
class Without(Era):
    """Only all-context INVEPT was offered."""

    def nested_invept_types(self) -> tuple[int, ...]:
        """All-context only."""
        return (2,)
