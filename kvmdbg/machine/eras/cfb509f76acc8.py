"""fb509f76acc8: with EPT the guest changes CR0.WP without an exit."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.hw.controls import CR0_WP
from kvmdbg.machine.kvm.era import Era


@commit("fb509f76acc8", order=20230312, first="v6.4", date="2023-03", subject="KVM: VMX: Make CR0.WP a guest owned bit",
        touches=("vmx.c: init_vmcs()", "nested.c: load_vmcs12_host_state()", "nested.c: nested_vmx_restore_host_state()",
                 "vmx.h: vmx_l1_guest_owned_cr0_bits()"))
class Without(Era):
    """Each toggling of WP was an exit, and kvm_set_cr0()."""

    def cr0_guest_owned_bits(self, tdp: bool) -> int:
        """TS alone."""
        return super().cr0_guest_owned_bits(tdp) & ~CR0_WP
