"""fd8cb433734e: guests may use 5-level paging."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("fd8cb433734e", order=20170821, first="v4.14", date="2017-08",
        subject="KVM: MMU: Expose the LA57 feature to VM.",
        touches=("cpuid.c: __do_cpuid_ent()", "kvm_host.h: CR4_RESERVED_BITS"))
class Without(Era):
    """CR4.LA57 was a reserved bit of every guest, and linear addresses had 48 bits."""

    def knows_la57(self) -> bool:
        """No guest had it."""
        return False
