"""850448f35aaf: vmcs12's preemption timer goes along with the nested state."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("850448f35aaf", order=20200606, first="v5.8", date="2020-06",
        subject="KVM: nVMX: Fix VMX preemption timer migration",
        touches=("nested.c: vmx_get_nested_state()", "nested.c: vmx_set_nested_state()"), needs=("8fcc4b5923af", "f4124500c2c1"),
        read="memory")
class Without(Era):
    """The timer of a restored L2 started anew."""

    def timer_goes_along_with_nested_state(self) -> bool:
        """No."""
        return False
