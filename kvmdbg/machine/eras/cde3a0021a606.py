"""de3a0021a606: a vCPU has one vmcs02."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("de3a0021a606", order=20171120, first="v4.16", date="2017-11",
        subject="KVM: nVMX: Eliminate vmcs02 pool",
        touches=("vmx.c: nested_get_current_vmcs02()", "vmx.c: handle_vmclear()"), read="memory")
class Without(Era):
    """A pool of one: VMCLEAR of a vmcs12 freed its vmcs02, and the next entry loaded a new one, with a flush of all contexts."""

    def vmclear_frees_vmcs02(self) -> bool:
        """Yes."""
        return True
