"""6c86eedc206d: UD2 and "kvm" let KVM emulate what follows."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("6c86eedc206d", order=20180461, first="v4.18", date="2018-04",
        subject="KVM: X86: Introduce Force Emulation Prefix",
        touches=("x86.c: handle_ud()",), read="memory")
class Without(Era):
    """UD2 was #UD whatever stood behind it."""

    def has_forced_emulation(self) -> bool:
        """No."""
        return False
