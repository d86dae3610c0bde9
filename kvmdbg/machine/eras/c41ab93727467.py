"""41ab93727467: VM function 0, EPTP switching, is emulated for L2."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm.era import Era


@commit("41ab93727467", order=20170811, first="v4.14", date="2017-08",
        subject="KVM: nVMX: Emulate EPTP switching for the L1 hypervisor",
        touches=("vmx.c: nested_vmx_eptp_switching()", "vmx.c: handle_vmfunc()"), needs=("27c42a1bb867",))
class Without(Era):
    """L1 could enable VM functions, but there was none."""

    def vm_functions_of_l1(self) -> int:
        """None."""
        return 0

    def vmcs12_has(self, encoding: int) -> bool:
        """Without the list."""
        return encoding != F.EPTP_LIST_ADDRESS and super().vmcs12_has(encoding)
