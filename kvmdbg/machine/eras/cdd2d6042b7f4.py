"""dd2d6042b7f4: an L2 without shadow VMCS fails before anything else."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("dd2d6042b7f4", order=20200110, first="v5.6", date="2020-01",
        subject="kvm: nVMX: VMWRITE checks VMCS-link pointer before VMCS field",
        touches=("nested.c: handle_vmwrite()",))
class Without(Era):
    """Its memory operand was read first, and a read-only field found."""

    def vmwrite_needs_a_vmcs_first(self) -> bool:
        """No."""
        return False
