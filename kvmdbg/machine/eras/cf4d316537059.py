"""f4d316537059: KVM_REQ_VM_BUGGED is called KVM_REQ_VM_DEAD."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("f4d316537059", order=20211215, first="v5.17", date="2021-12",
        subject="KVM: Refine the VM_BUGGED logic: VMs that are dead, not bugged",
        touches=("kvm_host.h: KVM_REQ_VM_DEAD",),
        read="memory")
class Without(Era):
    """It had its first name."""

    def request_bits(self) -> dict[str, int]:
        """The first name."""
        return {"VM_BUGGED" if name == "VM_DEAD" else name: bit for name, bit in super().request_bits().items()}

    def request_flags(self) -> dict[str, tuple[str, ...]]:
        """The first name."""
        return {"VM_BUGGED" if name == "VM_DEAD" else name: flags for name, flags in super().request_flags().items()}

    def service_order(self) -> tuple[str, ...]:
        """The first name."""
        return tuple("VM_BUGGED" if name == "VM_DEAD" else name for name in super().service_order())
