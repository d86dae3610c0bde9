"""host write-protect: KVM takes the right to write from a page, to see the next write (dirty logging of a page, write tracking)."""

from __future__ import annotations

from kvmdbg.machine.kvm.host_event import host_event
from kvmdbg.machine.kvm.host_operands import GFN, page_in_use
from kvmdbg.machine.kvm.mmu_notifier import flush_on_ret
from kvmdbg.machine.kvm.shadow import rmap_write_protect
from kvmdbg.machine.kvm.state import Kvm, Vcpu


@host_event("write-protect", operands=(GFN,), of_vm=True, source="mmu.c: kvm_mmu_write_protect_pt_masked(); kvm.md D")
def happen(kvm: Kvm, vcpu: Vcpu, gfn: int) -> None:
    """Every SPTE of a guest frame loses the right to write until the next write faults; KVM asks for flushes where one had it."""
    page_in_use(kvm, "write-protect", gfn)
    protected = rmap_write_protect(kvm, gfn)
    values = f"SPTEs of gfn {gfn:#x} were {'' if protected else 'not '}writable"
    flush_on_ret(kvm, "kvm_mmu_write_protect_pt_masked", protected, values)
