"""efebf0aaec3d: no flush at a transition between levels that the processor tells apart."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.questions.nested import MAKE_REQUEST, NO_FLUSH, SYNC_VPID02, Transition, TransitionFlush


@commit("efebf0aaec3d", order=20181014, first="v4.20", date="2018-10",
        subject="KVM: nVMX: Do not flush TLB on L1<->L2 transitions if L1 uses VPID and EPT",
        touches=("vmx.c: nested_has_guest_tlb_tag()",))
class Without(Era):
    """Every exit flushed, and every entry but those with a known vpid12 on a vpid02 of their own."""

    def transition_flush(self, t: Transition) -> TransitionFlush:
        """5c614b3583e7: vpid02 is flushed when vpid12 changes; no test of vpid12 against 0, and last_vpid starts at 0."""
        function = "prepare_vmcs02" if t.entry else "load_vmcs12_host_state"
        source = f"vmx.c: {function}(), 5c614b3583e7"
        question = "flush at the nested transition?"
        everything = TransitionFlush(MAKE_REQUEST, "TLB_FLUSH", question, "every exit, whatever vmcs12 says", function, source)
        if not t.enable_vpid:
            return TransitionFlush(NO_FLUSH, "", question, "enable_vpid=0: VM entry flushes VPID 0", function, source)
        if not t.entry:
            return everything
        if not (t.has_vpid12 and t.vpid02):
            return everything._replace(values=f"vmcs12 VPID {'on' if t.has_vpid12 else 'off'}, vpid02 {t.vpid02}")
        if t.vpid12 == t.last_vpid:
            return TransitionFlush(NO_FLUSH, "", question, f"last_vpid {t.last_vpid} == vpid12 {t.vpid12}", function, source)
        return TransitionFlush(SYNC_VPID02, "", question, f"last_vpid {t.last_vpid} != vpid12 {t.vpid12}", function, source,
                               remember_vpid12=True)
