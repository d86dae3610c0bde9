"""cd9a491f6e61: individual-address INVVPID of L1 flushes one address."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("cd9a491f6e61", order=20180520, first="v4.18", date="2018-05",
        subject="KVM: nVMX: Emulate L1 individual-address invvpid by L0 individual-address invvpid",
        touches=("vmx.c: handle_invvpid()",),
        read="memory")
class Without(Era):
    """Every type flushed the whole of vpid02."""

    def invvpid_flushes_one_address(self) -> bool:
        """No."""
        return False
