"""What the emulator finds on its way."""

from __future__ import annotations

from kvmdbg.machine.kvm.questions.emulation import EmulationQuestions

NEWEST = EmulationQuestions()


def test_the_fault_says_what_it_was_about() -> None:
    assert NEWEST.ept_fault_of_the_emulator(3, False, 0x180, 7) == 0x83
    assert NEWEST.ept_fault_of_the_emulator(2, True, 0, 7) == 0x182


def test_the_rest() -> None:
    assert not NEWEST.keeps_the_ept_qualification() and not NEWEST.l1_wants_every_io_exit()
