"""9d88fca71a99: bit 63 of MOV CR3's operand is cleared."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.questions.address_spaces import NO_FLUSH_RESERVED


@commit("9d88fca71a99", order=20141160, first="v3.19", date="2014-11",
        subject="KVM: x86: MOV to CR3 can set bit 63",
        touches=("x86.c: kvm_set_cr3()",),
        series="with the end of the test for a memslot, which came between v3.2 and v4.1", read="memory")
class Without(Era):
    """Bit 63 was reserved, and a CR3 outside the VM's memory #GP."""

    def cr3_no_flush_bit(self) -> str:
        """#GP."""
        return NO_FLUSH_RESERVED

    def cr3_must_name_memory(self) -> bool:
        """Yes."""
        return True
