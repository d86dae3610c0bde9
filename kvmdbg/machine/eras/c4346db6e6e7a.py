"""4346db6e6e7a: special registers from user space flush the guest's view."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("4346db6e6e7a", order=20230961, first="v6.7", date="2023-09",
        subject="KVM: x86: Force TLB flush on userspace changes to special registers", touches=("x86.c: __set_sregs()",),
        read="memory")
class Without(Era):
    """Only the MMU was reset; what the load of the next root flushes was all."""

    def sregs_flush_the_guests_view(self) -> bool:
        """No."""
        return False
