"""81dc01f749c3: vmcs12 has the XSS-exiting bitmap."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm.era import Era


@commit("81dc01f749c3", order=20141210, first="v4.0", date="2014-12",
        subject="kvm: vmx: add nested virtualization support for xsaves",
        touches=("vmx.c: struct vmcs12",), read="memory")
class Without(Era):
    """L1's VMREAD and VMWRITE of it failed."""

    def vmcs12_has(self, encoding: int) -> bool:
        """No."""
        return encoding != F.XSS_EXIT_BITMAP and super().vmcs12_has(encoding)
