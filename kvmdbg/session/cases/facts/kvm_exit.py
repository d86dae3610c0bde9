"""`KVM_EXIT_SHUTDOWN`, `KVM_EXIT_INTERNAL_ERROR` and others: KVM_RUN has returned to user space."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from kvmdbg.machine.kvm.events import PortAccessed
from kvmdbg.session.cases.fact import Observed, outcome

LEFT: Final = ("KVM_EXIT_SHUTDOWN", "KVM_EXIT_INTERNAL_ERROR", "KVM_EXIT_FAIL_ENTRY", "KVM_EXIT_MMIO")


def _left_with(name: str) -> Callable[[Observed], str]:
    def left(observed: Observed) -> str:
        seen = observed.vcpu.exit_to_user
        return "" if seen.split(" ")[0] == name else seen or f"KVM_RUN goes on: {observed.seen}"
    return left


for _name in LEFT:
    outcome(_name)(_left_with(_name))


@outcome("KVM_EXIT_IO")
def io(observed: Observed) -> str:
    """User space is asked for a port; it has answered at once."""
    return "" if observed.events(PortAccessed) else f"no port was asked for: {observed.seen}"
