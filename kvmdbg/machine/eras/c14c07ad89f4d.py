"""14c07ad89f4d: guest_mmu beside root_mmu. Stands for the root cache of v4.19 and v4.20."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.questions.nested import HOOK_VPID01, HOOK_VPID02, NO_FLUSH, Transition, TransitionFlush


@commit("14c07ad89f4d", order=20181010, first="v4.20", date="2018-10", subject="x86/kvm/mmu: introduce guest_mmu",
        touches=("mmu.c: fast_cr3_switch()", "nested: nested_ept_init_mmu_context()", "vmx.c: prepare_vmcs02()"),
        needs=("2387149eade2",),
        series="with v4.19's fast CR3 switch and prev_roots (7c390d350f8b ff.), 1438921c6dc1 and 327c072187f7; what came between "
               "v4.4 and v4.20 for the transition flush is E17's (kvm.md E.2), which this slice does not tell apart")
class Without(Era):
    """One MMU, whose root was thrown away at every nested transition; the transition flushed by itself, at once."""

    def caches_roots(self) -> bool:
        """No."""
        return False

    def unchanged_cr3_is_a_flush_at_transitions(self) -> bool:
        """CR3 was loaded by kvm_set_cr3()."""
        return True

    def checks_guest_state_before_the_switch(self) -> bool:
        """Yes: nested_vmx_run() made all its checks before it entered guest mode."""
        return True

    def transition_flush(self, t: Transition) -> TransitionFlush:
        """5c614b3583e7: vpid02 is flushed when vpid12 changes; no test of vpid12 against 0, and last_vpid starts at 0."""
        function = "prepare_vmcs02" if t.entry else "load_vmcs12_host_state"
        source = f"vmx.c: {function}(), 5c614b3583e7"
        question = "flush at the nested transition?"
        if not t.enable_vpid:
            return TransitionFlush(NO_FLUSH, "", question, "enable_vpid=0: VM entry flushes VPID 0", function, source)
        if not t.entry:
            return TransitionFlush(HOOK_VPID01, "", question, "every exit, whatever vmcs12 says", function, source)
        if not (t.has_vpid12 and t.vpid02):
            return TransitionFlush(HOOK_VPID01, "", question, f"vmcs12 VPID {'on' if t.has_vpid12 else 'off'}, vpid02 {t.vpid02}",
                                   function, source)
        if t.vpid12 == t.last_vpid:
            return TransitionFlush(NO_FLUSH, "", question, f"last_vpid {t.last_vpid} == vpid12 {t.vpid12}", function, source)
        return TransitionFlush(HOOK_VPID02, "", question, f"last_vpid {t.last_vpid} != vpid12 {t.vpid12}", function, source,
                               remember_vpid12=True)
