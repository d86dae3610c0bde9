"""ba904635d498: a guest has IA32_TSC_ADJUST."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("ba904635d498", order=20121121, first="v3.8", date="2012-11",
        subject="KVM: x86: Emulate IA32_TSC_ADJUST MSR",
        touches=("x86.c: kvm_set_msr_common()",), read="memory")
class Without(Era):
    """RDMSR and WRMSR of it were #GP."""

    def emulates_tsc_adjust(self) -> bool:
        """No."""
        return False
