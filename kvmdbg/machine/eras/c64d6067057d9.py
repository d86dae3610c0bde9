"""64d6067057d9: guests have system-management mode. Stands for the series of v4.2."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("64d6067057d9", order=20150605, first="v4.2", date="2015-06", subject="KVM: x86: stubs for SMM support",
        touches=("x86.c: process_smi()", "emulate.c: em_rsm()",), series="with what followed it up to 660a5d517aaa", read="memory")
class Without(Era):
    """There was none."""

    def has_smm(self) -> bool:
        """No."""
        return False
