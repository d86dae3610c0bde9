"""f087a02941fe: L1's CR3 is kept where a failed entry finds it."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("f087a02941fe", order=20190660, first="v5.3", date="2019-06",
        subject="KVM: nVMX: Stash L1's CR3 in vmcs01.GUEST_CR3 on nested entry w/o EPT",
        touches=("nested.c: nested_vmx_enter_non_root_mode()", "nested.c: nested_vmx_restore_host_state()"), read="memory")
class Without(Era):
    """An entry that the processor refused left L1 with the CR3 of vmcs12's host-state area."""

    def keeps_cr3_of_l1_in_vmcs01(self) -> bool:
        """No."""
        return False
