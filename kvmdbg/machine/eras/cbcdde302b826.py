"""bcdde302b826: INVVPID of L1 reads and checks its operand."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("bcdde302b826", order=20161120, first="v4.10", date="2016-11", subject="KVM: nVMX: invvpid handling improvements",
        touches=("vmx.c: handle_invvpid()", "vmx.c: nested_vmx_setup_ctls_msrs()"), needs=("089d7b6ec515",),
        series="with 63cb6d5f004c (2017), which tied the control to enable_vpid")
class Without(Era):
    """Single-context and all-context were offered, and did the same; the descriptor was not looked at (I-29)."""

    def nested_invvpid_types(self, enable_vpid: bool) -> tuple[int, ...]:
        """Single-context, for the sake of old KVMs as L1, and all-context."""
        return (1, 2) if enable_vpid else ()

    def checks_invvpid_operand(self) -> bool:
        """No."""
        return False

    def offers_vpid_to_l1(self, enable_vpid: bool) -> bool:
        """The control could be set even with enable_vpid=0."""
        return True
