"""9245fd6b8531: addresses that are no accesses are canonical to the width that the processor offers."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("9245fd6b8531", order=20241120, first="v6.13", date="2024-11",
        subject="KVM: x86: model canonical checks more precisely",
        touches=("x86.h: is_noncanonical_address() and relatives", "nested.c: handle_invvpid()", "x86.c: kvm_handle_invpcid()"))
class Without(Era):
    """They had to be canonical in the paging mode that the guest was in."""

    def allows_addresses_of_the_widest_paging(self) -> bool:
        """48 bits, or 57 while CR4.LA57 is 1."""
        return False
