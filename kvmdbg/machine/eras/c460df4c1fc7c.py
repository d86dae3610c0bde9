"""460df4c1fc7c: KVM_RUN returns before it enters the guest, when told so."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("460df4c1fc7c", order=20170203, first="v4.11", date="2017-02",
        subject="KVM: race-free exit from KVM_RUN without POSIX signals",
        touches=("x86.c: kvm_arch_vcpu_ioctl_run()",), read="memory")
class Without(Era):
    """It took a signal."""

    def has_immediate_exit(self) -> bool:
        """No."""
        return False
