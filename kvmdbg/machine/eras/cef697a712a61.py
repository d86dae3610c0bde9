"""ef697a712a61: INVVPID of L1 flushes whatever vmcs12's VPID is, and single-context stands for all-context."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("ef697a712a61", order=20160310, first="v4.6", date="2016-03", subject="KVM: VMX: fix nested vpid for old KVM guests",
        touches=("vmx.c: handle_invvpid()", "vmx.c: nested_vmx_setup_ctls_msrs()"), needs=("089d7b6ec515",), read="memory")
class Without(Era):
    """All-context alone was offered, and failed where the current vmcs12 had no VPID (I-29)."""

    def nested_invvpid_types(self, enable_vpid: bool) -> tuple[int, ...]:
        """All-context only."""
        return tuple(type for type in super().nested_invvpid_types(enable_vpid) if type == 2)

    def invvpid_looks_at_vmcs12(self) -> bool:
        """Yes."""
        return True
