"""f4bc051fc91a: CR0 and CR4 flush what the manual says, whether or not the MMU is reset."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.hw.controls import CR4_PCIDE, CR4_PGE
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.questions.control_registers import ROLE_BITS_CR4, Aftermath


@commit("f4bc051fc91a", order=20220220, first="v5.18", date="2022-02",
        subject="KVM: x86: flush TLB separately from MMU reset",
        touches=("x86.c: kvm_post_set_cr0()", "x86.c: kvm_post_set_cr4()", "x86.c: kvm_vcpu_reset()"),
        needs=("07ffaf343e34",))
class Without(Era):
    """A reset stood for the flush: PG 1 -> 0, PAE and SMEP asked for none, PGE and PCIDE only where no role bit changed."""

    def cr0_aftermath(self, old: int, new: int, tdp: bool) -> Aftermath:
        """No flush."""
        return super().cr0_aftermath(old, new, tdp)._replace(requests=())

    def cr4_aftermath(self, old: int, new: int, tdp: bool) -> Aftermath:
        """kvm_post_set_cr4(), v5.16: one of three, each of which includes the next."""
        changed = old ^ new
        if changed & ROLE_BITS_CR4:
            return Aftermath(reset=True)
        if changed & CR4_PCIDE:
            return Aftermath(unload=True)
        return Aftermath(requests=("TLB_FLUSH_GUEST",) if changed & CR4_PGE else ())

    def init_out_of_paging_flushes(self) -> bool:
        """A reset of the MMU stood for the flush here too."""
        return False
