"""8eb3f87d9031: a nested exit sets L1's CR4 without the checks and the effects of MOV CR4."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("8eb3f87d9031", order=20170921, first="v4.14", date="2017-09",
        subject="KVM: nVMX: fix guest CR4 loading when emulating L2 to L1 exit",
        touches=("vmx.c: load_vmcs12_host_state()",))
class Without(Era):
    """It was set by kvm_set_cr4(), which updates CPUID."""

    def nested_exit_updates_cpuid(self) -> bool:
        """Yes."""
        return True
