"""5ef8acbdd687: L1's monitor trap comes after an emulated instruction too."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("5ef8acbdd687", order=20200201, first="v5.6", date="2020-02",
        subject="KVM: nVMX: Emulate MTF when performing instruction emulation",
        touches=("vmx.c: vmx_update_emulated_instruction()", "nested.c: vmx_check_nested_events()"),
        needs=("b6b8a1451fc4",), read="memory")
class Without(Era):
    """The trap came only after instructions that the processor executed."""

    def emulates_mtf(self) -> bool:
        """No."""
        return False
