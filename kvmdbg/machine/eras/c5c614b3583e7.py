"""5c614b3583e7: nested VPID. The commit of seed 003."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.questions.nested import HOOK_VPID01, NO_FLUSH, Transition, TransitionFlush


@commit("5c614b3583e7", order=20151010, first="v4.4", date="2015-10", subject="KVM: nVMX: nested VPID emulation",
        touches=("vmx.c: prepare_vmcs02()", "vmx.c: nested_vmx_setup_ctls_msrs()", "vmx.c: handle_invept()"))
class Without(Era):
    """L1 and all its L2s shared VPID01, which was flushed at every switch."""

    def offers_vpid_to_l1(self, enable_vpid: bool) -> bool:
        """SECONDARY_EXEC_ENABLE_VPID is not among the secondary controls that L1 may set."""
        return False

    def nested_invvpid_types(self, enable_vpid: bool) -> tuple[int, ...]:
        """INVVPID of L1 is #UD."""
        return ()

    def has_vpid02(self) -> bool:
        """No."""
        return False

    def vmcs02_vpid(self, has_vpid12: bool, vpid01: int, vpid02: int) -> int:
        """VPID01 for L2 too."""
        return vpid01

    def transition_flush(self, t: Transition) -> TransitionFlush:
        """With enable_vpid both directions flush (v4.1.15: prepare_vmcs02(), load_vmcs12_host_state())."""
        function = "prepare_vmcs02" if t.entry else "load_vmcs12_host_state"
        source = f"vmx.c: {function}(), v4.3"
        if not t.enable_vpid:
            return TransitionFlush(NO_FLUSH, "", "flush at the nested transition?", "enable_vpid=0: VM entry flushes VPID 0",
                                   function, source)
        return TransitionFlush(HOOK_VPID01, "", "flush at the nested transition?", "L1 and L2 share vpid01", function, source)
