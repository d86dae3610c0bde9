"""e79f245ddec1: vcpu->arch.tsc_offset is that of the level that runs, and a nested exit stores L1's counter."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("e79f245ddec1", order=20180421, first="v4.17", date="2018-04",
        subject="X86/KVM: Properly update 'tsc_offset' to represent the running guest",
        touches=("vmx.c: prepare_vmcs02()", "vmx.c: nested_vmx_vmexit()", "x86.c: kvm_vcpu_write_tsc_offset()",))
class Without(Era):
    """The counter that a VM-exit MSR-store list asks for was L2's, with the TSC offset of vmcs12."""

    def stores_the_tsc_of_l1(self) -> bool:
        """No."""
        return False
