"""eba9799b5a6e: error codes in a VMCS have 16 bits."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("eba9799b5a6e", order=20220950, first="v6.1", date="2022-09",
        subject="KVM: VMX: Drop bits 31:16 when shoving exception error code into VMCS",
        touches=("vmx.c: vmx_inject_exception()", "nested.c: nested_vmx_inject_exception_vmexit()"), read="memory")
class Without(Era):
    """User space could make KVM write an error code that no VM entry accepts."""

    def error_code_for_vmcs(self, error_code: int) -> int:
        """All of it."""
        return error_code
