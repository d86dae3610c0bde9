"""72add915fbd5: vmcs12 has the ENCLS-exiting bitmap."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm.era import Era


@commit("72add915fbd5", order=20210410, first="v5.13", date="2021-04",
        subject="KVM: VMX: Enable SGX virtualization for SGX1, SGX2 and LC",
        touches=("vmcs12.c: vmcs_field_to_offset_table",))
class Without(Era):
    """L1's VMREAD and VMWRITE of it failed."""

    def vmcs12_has(self, encoding: int) -> bool:
        """No."""
        return encoding != F.ENCLS_EXITING_BITMAP and super().vmcs12_has(encoding)
