"""04f11ef45810: vmcs02 has L2's CR3 as soon as L2 is entered."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("04f11ef45810", order=20191016, first="v5.5", date="2019-10",
        subject="KVM: nVMX: Always write vmcs02.GUEST_CR3 during nested VM-Enter",
        touches=("nested.c: prepare_vmcs02()", "vmx.c: vmx_set_cr3()"))
class Without(Era):
    """An exit before L2 had run, as from the HLT state, gave L1 the CR3 of the run before."""

    def writes_cr3_of_l2_at_once(self) -> bool:
        """With its root."""
        return False
