"""a9466078687f: the qualification of an EPT violation belongs to the fault, no longer to the vCPU."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.questions.emulation import ACC_READ, GVA_IS_VALID, GVA_TRANSLATED


@commit("a9466078687f", order=20240220, first="v6.10", date="2024-02",
        subject="KVM: x86: Move nEPT exit_qualification field from kvm_vcpu_arch to x86_exception",
        touches=("paging_tmpl.h: FNAME(walk_addr_generic)()", "nested.c: nested_ept_inject_page_fault()",
                 "vmx.c: handle_ept_violation()"))
class Without(Era):
    """The vCPU kept the one of its last real EPT violation, however long ago."""

    def keeps_the_ept_qualification(self) -> bool:
        """Until it found its place beside the fault."""
        return True

    def ept_fault_of_the_emulator(self, access: int, final: bool, exit_qualification: int, last_ept_violation: int) -> int:
        """Bits 8:7 were those of the last EPT violation."""
        return access | ACC_READ | last_ept_violation & (GVA_IS_VALID | GVA_TRANSLATED)
