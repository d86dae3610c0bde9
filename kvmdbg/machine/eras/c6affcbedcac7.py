"""6affcbedcac7: single-stepping an instruction that KVM does for the guest."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("6affcbedcac7", order=20161130, first="v4.10", date="2016-11",
        subject="KVM: x86: Add kvm_skip_emulated_instruction and use it.",
        touches=("x86.c: kvm_skip_emulated_instruction()",), read="memory")
class Without(Era):
    """RIP was moved on, and the trap that RFLAGS.TF asked for was lost."""

    def traps_after_skipped_instructions(self) -> bool:
        """No; the emulator's own instructions are an exception to it that the model does not make."""
        return False
