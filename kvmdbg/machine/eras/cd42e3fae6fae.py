"""d42e3fae6fae: a change of CR0.CD or CR0.NW loads the PDPTEs."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("d42e3fae6fae", order=20200708, first="v5.9", date="2020-07",
        subject="kvm: x86: Read PDPTEs on CR0.CD and CR0.NW changes",
        touches=("x86.c: kvm_set_cr0()",),
        read="memory")
class Without(Era):
    """Only a change of CR0.PG did."""

    def cache_control_loads_pdptes(self) -> bool:
        """No."""
        return False
