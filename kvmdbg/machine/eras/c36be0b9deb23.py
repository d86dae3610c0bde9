"""36be0b9deb23: vmcs12 has IA32_BNDCFGS of L2."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm.era import Era


@commit("36be0b9deb23", order=20140210, first="v3.15", date="2014-02",
        subject="KVM: x86: Add nested virtualization support for MPX",
        touches=("vmx.c: struct vmcs12",))
class Without(Era):
    """L1's VMREAD and VMWRITE of it failed."""

    def vmcs12_has(self, encoding: int) -> bool:
        """No."""
        return encoding != F.GUEST_BNDCFGS and super().vmcs12_has(encoding)
