"""ce8fe7b77bd8: INVEPT of L1 frees the roots that it names; a root reused at a nested transition is not flushed for that alone."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.questions.nested import FREE_ALL_ROOTS


@commit("ce8fe7b77bd8", order=20200435, first="v5.8", date="2020-04",
        subject="KVM: nVMX: Free only the affected contexts when emulating INVEPT",
        touches=("nested.c: handle_invept()", "nested.c: nested_vmx_load_cr3()"),
        series="with the patch before it, \"KVM: nVMX: Don't flush TLB on nested VMX transition\"")
class Without(Era):
    """INVEPT freed every root of EPT12, and each transition flushed the root that it reused."""

    def invept_effect(self, single_context: bool) -> str:
        """All."""
        return FREE_ALL_ROOTS

    def nested_switch_skips(self, enable_ept: bool, has_vpid12: bool) -> tuple[bool, bool]:
        """No flush is skipped."""
        return False, super().nested_switch_skips(enable_ept, has_vpid12)[1]

    def nested_ept_switch_skips(self) -> tuple[bool, bool]:
        """No flush is skipped."""
        return False, super().nested_ept_switch_skips()[1]
