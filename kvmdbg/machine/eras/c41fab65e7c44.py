"""41fab65e7c44: a root that is reused at a nested transition is synced only where L1 relies on it."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("41fab65e7c44", order=20200433, first="v5.8", date="2020-04",
        subject="KVM: nVMX: Skip MMU sync on nested VMX transition when possible",
        touches=("nested.c: nested_vmx_load_cr3()", "mmu.c: kvm_init_shadow_ept_mmu()"))
class Without(Era):
    """It was always synced."""

    def nested_switch_skips(self, enable_ept: bool, has_vpid12: bool) -> tuple[bool, bool]:
        """No sync is skipped."""
        return super().nested_switch_skips(enable_ept, has_vpid12)[0], False

    def nested_ept_switch_skips(self) -> tuple[bool, bool]:
        """No sync is skipped."""
        return super().nested_ept_switch_skips()[0], False
