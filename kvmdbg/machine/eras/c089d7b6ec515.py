"""089d7b6ec515: L1 learns of VPID. The patch after 5c614b3583e7, which alone left INVVPID undefined."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("089d7b6ec515", order=20151020, first="v4.4", date="2015-10", subject="KVM: nVMX: expose VPID capability to L1",
        touches=("vmx.c: nested_vmx_setup_ctls_msrs()", "vmx.c: vmx_get_vmx_msr()"), needs=("5c614b3583e7",), read="memory")
class Without(Era):
    """nested_vmx_vpid_caps was 0, so INVVPID of L1 was #UD whatever its code said."""

    def nested_invvpid_types(self, enable_vpid: bool) -> tuple[int, ...]:
        """None."""
        return ()
