"""d74fcfc1f0ff: CR4.LA57 cannot change under the feet of 64-bit mode."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("d74fcfc1f0ff", order=20200705, first="v5.8", date="2020-07",
        subject="KVM: x86: Inject #GP if guest attempts to toggle CR4.LA57 in 64-bit mode",
        touches=("x86.c: kvm_set_cr4()",))
class Without(Era):
    """KVM let a guest change it wherever it emulated the write."""

    def keeps_la57_in_long_mode(self) -> bool:
        """The processor asks only for writes that do not exit."""
        return False
