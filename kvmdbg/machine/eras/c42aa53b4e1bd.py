"""42aa53b4e1bd: no EPT without all-context INVEPT."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("42aa53b4e1bd", order=20170820, first="v4.14", date="2017-08", subject="KVM: VMX: require INVEPT GLOBAL for EPT",
        touches=("vmx.c: hardware_setup()", "vmx.c: ept_sync_global()"), read="memory")
class Without(Era):
    """EPT was used on a processor that might not flush it: ept_sync_global() silently left out what it lacks."""

    def ept_needs_invept_global(self) -> bool:
        """No."""
        return False
