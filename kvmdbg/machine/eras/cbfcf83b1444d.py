"""bfcf83b1444d: an exception for L1 waits for L2's run."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("bfcf83b1444d", order=20171101, first="v4.15", date="2017-11",
        subject="KVM: nVMX: Fix trying to cancel vmlauch/vmresume",
        touches=("vmx.c: vmx_check_nested_events()", "vmx.c: vmx_queue_exception()"), needs=("b6b8a1451fc4",), read="memory")
class Without(Era):
    """An exception that L1 intercepts made L2 exit as it was injected, even before L2 had run."""

    def exceptions_wait_for_the_nested_run(self) -> bool:
        """No."""
        return False
