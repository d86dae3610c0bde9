"""d041b5ea9335: vmcs12 has the TSC multiplier."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm.era import Era


@commit("d041b5ea9335", order=20210618, first="v5.14", date="2021-06",
        subject="KVM: nVMX: Enable nested TSC scaling",
        touches=("vmcs12.c: vmcs_field_to_offset_table",))
class Without(Era):
    """L1's VMREAD and VMWRITE of it failed."""

    def vmcs12_has(self, encoding: int) -> bool:
        """No."""
        return encoding != F.TSC_MULTIPLIER and super().vmcs12_has(encoding)
