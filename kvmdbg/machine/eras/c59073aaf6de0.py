"""59073aaf6de0: user space tells pending exceptions from injected ones."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("59073aaf6de0", order=20181016, first="v4.20", date="2018-10",
        subject="kvm: x86: Add exception payload fields to kvm_vcpu_events",
        touches=("x86.c: kvm_vcpu_ioctl_x86_set_vcpu_events()",), read="memory")
class Without(Era):
    """Each exception that user space restored was an injected one."""

    def has_exception_payload(self) -> bool:
        """No."""
        return False

    def defers_exception_payloads(self) -> bool:
        """At once (until da998b46d244, f10c729ff965)."""
        return False
