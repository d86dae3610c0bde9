"""7a35e515a705: an operand of a VMX instruction outside memory is user space's affair."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("7a35e515a705", order=20200602, first="v5.8", date="2020-06",
        subject="KVM: VMX: Properly handle kvm_read/write_guest_virt*() result",
        touches=("nested.c: nested_vmx_handle_memory_failure()", "nested.c: handle_vmread()", "nested.c: handle_vmptrst()"))
class Without(Era):
    """The guest got a #PF whose error code and address nobody had filled in."""

    def reports_an_operand_without_memory(self) -> bool:
        """No."""
        return False
