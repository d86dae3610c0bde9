"""7709aba8f716: an exception that L1 intercepts is an exit when it is queued."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("7709aba8f716", order=20220951, first="v6.1", date="2022-09",
        subject="KVM: x86: Morph pending exceptions to pending VM-Exits at queue time",
        touches=("x86.c: kvm_multiple_exception()", "nested.c: vmx_check_nested_events()"), needs=("bfcf83b1444d",), read="memory")
class Without(Era):
    """Whether L1 intercepts it was asked later, when it might have become a double fault."""

    def morphs_exceptions_when_queued(self) -> bool:
        """No."""
        return False
