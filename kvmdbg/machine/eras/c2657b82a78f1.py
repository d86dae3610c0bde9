"""2657b82a78f1: an L2 without VPID runs on vpid01, and that is what a flush hits."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("2657b82a78f1", order=20241010, first="v6.12", date="2024-10",
        subject="KVM: nVMX: Treat vpid01 as current if L2 is active, but with VPID disabled",
        touches=("vmx.c: vmx_get_current_vpid()",))
class Without(Era):
    """Whatever L2 ran on, vpid02 was flushed (I-10 B and C)."""

    def current_context_is_vpid02(self, guest_mode: bool, has_vpid12: bool) -> bool:
        """Whenever L2 is active."""
        return guest_mode

    def guest_flush_is_vpid02(self, guest_mode: bool, has_vpid12: bool) -> bool:
        """Whenever L2 is active."""
        return guest_mode
