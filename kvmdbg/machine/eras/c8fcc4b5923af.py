"""8fcc4b5923af: user space can save and restore nested state."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("8fcc4b5923af", order=20180731, first="v4.19", date="2018-07", subject="kvm: nVMX: Introduce KVM_CAP_NESTED_STATE",
        touches=("vmx.c: vmx_get_nested_state()", "vmx.c: vmx_set_nested_state()",), needs=("7f7f1ba33cf2",), read="memory")
class Without(Era):
    """A VM with nesting could not migrate."""

    def has_nested_state_ioctls(self) -> bool:
        """No."""
        return False
