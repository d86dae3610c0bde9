"""546e8398bc66: a VM function beyond 63, or without the control, is #UD in KVM too."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.questions.vmfunc import EMULATE, REFLECT


@commit("546e8398bc66", order=20210621, first="v5.14", date="2021-06",
        subject="KVM: nVMX: WARN if subtly-impossible VMFUNC conditions occur", touches=("nested.c: handle_vmfunc()",),
        needs=("0e75225dfa4c",), read="memory")
class Without(Era):
    """KVM relied on the processor, whose #UD comes before the VM exit."""

    def vmfunc_verdict(self, function: int, controls: int, enabled: bool) -> str:
        """The bitmap alone, shifted by the low six bits of the number."""
        return EMULATE if controls >> (function & 63) & 1 else REFLECT
