"""host age: the memory manager asks whether a page of the VM was used since it last asked."""

from __future__ import annotations

from kvmdbg.machine.kvm.host_event import host_event
from kvmdbg.machine.kvm.host_operands import GFN, page_in_use
from kvmdbg.machine.kvm.mmu_notifier import kvm_mmu_notifier_clear_flush_young
from kvmdbg.machine.kvm.state import Kvm, Vcpu


@host_event("age", operands=(GFN,), of_vm=True, source="kvm_main.c: kvm_mmu_notifier_clear_flush_young(); kvm.md D")
def happen(kvm: Kvm, vcpu: Vcpu, gfn: int) -> None:
    """The memory manager clears the accessed bit of a page; KVM asks for flushes where it was set."""
    page_in_use(kvm, "age", gfn)
    kvm_mmu_notifier_clear_flush_young(kvm, gfn)
