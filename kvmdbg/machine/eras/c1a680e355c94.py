"""1a680e355c94: nested events are looked at also behind an event that is injected again."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("1a680e355c94", order=20180301, first="v4.17", date="2018-03",
        subject="KVM: x86: Call check_nested_events() even if an event is injected again",
        touches=("x86.c: inject_pending_event()",), needs=("b6b8a1451fc4",), read="memory")
class Without(Era):
    """inject_pending_event() returned as soon as it had injected something again."""

    def reinjection_ends_the_round(self) -> bool:
        """Yes."""
        return True
