"""956bf3531fba: bit 63 of MOV CR3's operand is honoured."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.questions.address_spaces import NO_FLUSH_IGNORED


@commit("956bf3531fba", order=20180860, first="v4.19", date="2018-08",
        subject="kvm: x86: Skip shadow page resync on CR3 switch when indicated by guest",
        touches=("x86.c: kvm_set_cr3()",), read="memory")
class Without(Era):
    """Bit 63 was cleared, and meant nothing."""

    def cr3_no_flush_bit(self) -> str:
        """Ignored."""
        return NO_FLUSH_IGNORED
