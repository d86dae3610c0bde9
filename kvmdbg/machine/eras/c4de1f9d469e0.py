"""4de1f9d469e0: no reload of a page that is not in use; the switch to xAPIC mode asks for both."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("4de1f9d469e0", order=20200436, first="v5.8", date="2020-04",
        subject="KVM: VMX: Don't reload APIC access page if its control is disabled",
        touches=("vmx.c: vmx_set_apic_access_page_addr()", "vmx.c: vmx_set_virtual_apic_mode()",),
        read="memory")
class Without(Era):
    """The address was always written, and xAPIC mode flushed on the spot."""

    def apic_page_reload_needs_the_control(self) -> bool:
        """No."""
        return False

    def apic_mode_switch_makes_requests(self) -> bool:
        """No."""
        return False
