"""992edeaefed6: with EPT L1 and L2 have different EPTPs, whatever L1 uses."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.questions.nested import Transition


@commit("992edeaefed6", order=20191121, first="v5.6", date="2019-11",
        subject="KVM: nVMX: Assume TLB entries of L1 and L2 are tagged differently if L0 use EPT",
        touches=("nested.c: nested_has_guest_tlb_tag()",))
class Without(Era):
    """Only an L2 with an EPT12 counted as tagged by its EPTP."""

    def has_l2_a_tlb_tag(self, t: Transition) -> bool:
        """EPT12, or a vpid02."""
        return t.has_ept12 or bool(t.has_vpid12 and t.vpid02)
