"""f4160e459c57: L1 may write any field of its VMCS."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("f4160e459c57", order=20180510, first="v4.18", date="2018-05",
        subject="kvm: nVMX: Add support for \"VMWRITE to any supported field\"",
        touches=("vmx.c: handle_vmwrite()",), read="memory")
class Without(Era):
    """VMWRITE to an exit-information field was VMfail 13."""

    def vmwrite_reaches_read_only_fields(self) -> bool:
        """No."""
        return False
