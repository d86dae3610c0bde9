"""c7d855c2aff2: VMXON looks at CR0 and CR4."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("c7d855c2aff2", order=20220610, first="v6.0", date="2022-06",
        subject="KVM: nVMX: Inject #UD if VMXON is attempted with incompatible CR0/CR4", touches=("nested.c: handle_vmxon()",),
        series="with the later change of that #UD to #GP", read="memory")
class Without(Era):
    """VMXON went ahead without the fixed bits of CR0."""

    def checks_cr0_and_cr4_at_vmxon(self) -> bool:
        """No."""
        return False
