"""0e75225dfa4c: the VM-function bitmap is tested with 64 bits (I-18)."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.questions.vmfunc import EMULATE, REFLECT


@commit("0e75225dfa4c", order=20210609, first="v5.14", date="2021-06",
        subject="KVM: nVMX: Ensure 64-bit shift when checking VMFUNC bitmap", touches=("nested.c: handle_vmfunc()",),
        needs=("27c42a1bb867",), read="memory")
class Without(Era):
    """An int was shifted: the count wrapped modulo 32, and bit 31 was extended to bits 63:32.

    To no effect: function 0 is the only one, and any other is reflected whether or not the test passes.
    """

    def vmfunc_verdict(self, function: int, controls: int, enabled: bool) -> str:
        """32 bits."""
        count = function & 31
        mask = 0xFFFF_FFFF_8000_0000 if count == 31 else 1 << count
        return EMULATE if controls & mask else REFLECT
