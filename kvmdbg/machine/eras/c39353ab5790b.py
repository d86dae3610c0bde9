"""39353ab5790b: an EPTP switch is a fast switch of roots. The commit of seed 004."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.questions.vmfunc import REQUEST_RELOAD


@commit("39353ab5790b", order=20210620, first="v5.14", date="2021-06",
        subject="KVM: nVMX: Use fast PGD switch when emulating VMFUNC[EPTP_SWITCH]",
        touches=("nested.c: nested_vmx_eptp_switching()", "nested.c: nested_ept_new_eptp()"),
        needs=("41ab93727467", "c805f5d5585a", "272b0a998d08"))
class Without(Era):
    """Every root of root_mmu and guest_mmu was freed, whatever L2 switched to."""

    def eptp_switch(self) -> str:
        """By request."""
        return REQUEST_RELOAD

    def eptp_switch_reloads_pdptrs(self) -> bool:
        """Yes."""
        return True
