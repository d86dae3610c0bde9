"""b428018a06b7: VMLAUNCH and VMRESUME that succeed are not stepped over."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("b428018a06b7", order=20180921, first="v4.20", date="2018-09",
        subject="KVM: nVMX: do not skip VMEnter instruction that succeeds",
        touches=("vmx.c: nested_vmx_run()",), read="memory")
class Without(Era):
    """While L2 ran, RIP in vmcs01 was behind the instruction; the first L2 exit overwrites it with vmcs12's host RIP."""

    def skips_vmlaunch_before_entering(self) -> bool:
        """Yes."""
        return True
