"""272b0a998d08: an EPTP switch leaves the nested MMU's A/D bit alone (I-8)."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("272b0a998d08", order=20210610, first="v5.14", date="2021-06",
        subject="KVM: nVMX: Don't clobber nested MMU's A/D status on EPTP switch",
        touches=("nested.c: nested_vmx_eptp_switching()",), needs=("41ab93727467",))
class Without(Era):
    """The A/D bit of the new EPTP went into walk_mmu, which walks L2's tables; the MMU of EPT02 kept its old one."""

    def eptp_switch_writes_ad_into_walk_mmu(self) -> bool:
        """Yes."""
        return True
