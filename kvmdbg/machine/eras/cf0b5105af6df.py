"""f0b5105af6df: an MSR list of vmcs12 that is longer than IA32_VMX_MISC allows fails behind the limit."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("f0b5105af6df", order=20190921, first="v5.5", date="2019-09",
        subject="kvm: nvmx: limit atomic switch MSRs",
        touches=("nested.c: nested_vmx_load_msr()", "nested.c: nested_vmx_store_msr()",), read="memory")
class Without(Era):
    """Lists of any length were worked through."""

    def limits_msr_lists(self) -> bool:
        """No."""
        return False
