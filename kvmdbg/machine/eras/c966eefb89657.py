"""966eefb89657: vmcs02 does without posted interrupts where L1's descriptor is no memory."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("966eefb89657", order=20210623, first="v5.14", date="2021-06",
        subject="KVM: nVMX: Disable vmcs02 posted interrupts if vmcs12 PID isn't mappable",
        touches=("nested.c: nested_get_vmcs12_pages()",), read="memory")
class Without(Era):
    """The control stayed, with whatever descriptor vmcs02 had."""

    def drops_posted_interrupts_without_a_descriptor(self) -> bool:
        """No."""
        return False
