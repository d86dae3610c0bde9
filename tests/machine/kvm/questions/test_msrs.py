"""What the newest kernel answers about registers of guests."""

from __future__ import annotations

from kvmdbg.machine.kvm.questions.msrs import MsrQuestions


def test_mainline() -> None:
    ask = MsrQuestions()
    assert ask.emulates_tsc_adjust() and ask.emulates_feature_control() and ask.checks_feature_control_bits()
    assert ask.emulates_msr_lists() and ask.limits_msr_lists() and ask.stores_the_tsc_of_l1()
    assert ask.refuses_entry_behind_mov_ss() and ask.set_cr4_updates_cpuid() and not ask.nested_exit_updates_cpuid()
