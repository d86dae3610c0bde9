"""0baedd792713: KVM_REQ_HV_TLB_FLUSH."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("0baedd792713", order=20200422, first="v5.8", date="2020-04",
        subject="KVM: x86: make Hyper-V PV TLB flush use tlb_flush_guest()",
        touches=("kvm_host.h: KVM_REQ_HV_TLB_FLUSH", "hyperv.c: kvm_hv_flush_tlb()"))
class Without(Era):
    """Hyper-V's flush hypercalls made KVM_REQ_TLB_FLUSH."""

    def request_bits(self) -> dict[str, int]:
        """Without it, by either of its names."""
        return {name: bit for name, bit in super().request_bits().items() if name not in ("HV_TLB_FLUSH", "TLB_FLUSH_GUEST")}
