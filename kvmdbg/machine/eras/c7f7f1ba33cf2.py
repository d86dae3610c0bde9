"""7f7f1ba33cf2: after RSM the pages of vmcs12 are mapped at the next entry."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("7f7f1ba33cf2", order=20180730, first="v4.19", date="2018-07",
        subject="KVM: x86: do not load vmcs12 pages while still in SMM",
        touches=("x86.c: vcpu_enter_guest()", "vmx.c: nested_get_vmcs12_pages()",), needs=("72e9cbdb4338",))
class Without(Era):
    """RSM mapped them while the guest was still in SMM, where other memory may be behind the same addresses."""

    def defers_pages_of_vmcs12(self) -> bool:
        """No."""
        return False

    def request_bits(self) -> dict[str, int]:
        """There was no KVM_REQ_GET_VMCS12_PAGES: bit 32 is free."""
        return {name: bit for name, bit in super().request_bits().items() if bit != 32}
