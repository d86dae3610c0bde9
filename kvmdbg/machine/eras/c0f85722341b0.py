"""0f85722341b0: after a restore the PDPTEs of L2 are loaded with the pages of vmcs12."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("0f85722341b0", order=20210606, first="v5.14", date="2021-06",
        subject="KVM: nVMX: delay loading of PDPTRs to KVM_REQ_GET_NESTED_STATE_PAGES",
        touches=("nested.c: nested_vmx_load_cr3()", "nested.c: nested_get_vmcs12_pages()",),
        needs=("7f7f1ba33cf2",), read="memory")
class Without(Era):
    """They were loaded while nested state was being restored, from memory that need not be there yet."""

    def defers_pdptrs_of_l2(self) -> bool:
        """No."""
        return False
