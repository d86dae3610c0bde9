"""ff651cb613b4: KVM loads and stores the MSR lists of vmcs12."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("ff651cb613b4", order=20141221, first="v4.0", date="2014-12",
        subject="KVM: nVMX: Add nested msr load/restore algorithm",
        touches=("vmx.c: nested_vmx_load_msr()", "vmx.c: nested_vmx_store_msr()",))
class Without(Era):
    """A vmcs12 with any of the lists was refused with error 7."""

    def emulates_msr_lists(self) -> bool:
        """No."""
        return False
