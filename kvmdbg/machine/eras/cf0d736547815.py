"""f0d736547815: VPID 0 in vmcs12 is refused."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("f0d736547815", order=20180910, first="v4.19", date="2018-09", subject="nVMX x86: Check VPID value on vmentry of L2 guests",
        touches=("vmx.c: check_vmentry_prereqs()",), read="memory")
class Without(Era):
    """L1 could enter L2 with "enable VPID" and VPID 0."""

    def checks_vpid12_not_zero(self) -> bool:
        """No."""
        return False
