"""What the newest kernel answers about INIT and reset."""

from __future__ import annotations

from kvmdbg.machine.kvm.questions.reset import ResetQuestions


def test_mainline() -> None:
    ask = ResetQuestions()
    assert ask.init_acts_at_once() and ask.init_waits_for_vmxoff() and ask.init_clears_cr3() and ask.init_keeps_cd_and_nw()
    assert ask.init_out_of_paging_resets_the_mmu(True) and ask.init_out_of_paging_flushes() and ask.init_always_flushes()
    assert ask.user_space_can_leave_vmx()
