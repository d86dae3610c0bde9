"""fb509f76acc8: with EPT the guest changes CR0.WP without an exit."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("fb509f76acc8", order=20230312, first="v6.4", date="2023-03",
        subject="KVM: VMX: Make CR0.WP a guest owned bit",
        touches=("vmx.c: vmx_set_cr0()",))
class Without(Era):
    """Every change of it was an exit."""

    def guest_owns_cr0_wp(self) -> bool:
        """No."""
        return False
