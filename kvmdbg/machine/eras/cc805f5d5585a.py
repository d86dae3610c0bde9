"""c805f5d5585a: an EPTP switch asks for KVM_REQ_MMU_RELOAD."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.questions.vmfunc import UNLOAD_AND_RELOAD


@commit("c805f5d5585a", order=20210330, first="v5.13", date="2021-03",
        subject="KVM: nVMX: Defer the MMU reload to the normal path on an EPTP switch",
        touches=("nested.c: nested_vmx_eptp_switching()",), needs=("41ab93727467",))
class Without(Era):
    """All roots were freed and a new one loaded while VMFUNC was emulated; a load that failed went unnoticed."""

    def eptp_switch(self) -> str:
        """At once."""
        return UNLOAD_AND_RELOAD
