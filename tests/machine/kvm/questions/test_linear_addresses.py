"""57-bit linear addresses."""

from __future__ import annotations

from kvmdbg.machine.kvm.questions.linear_addresses import LinearAddressQuestions


def test_the_newest_kernel() -> None:
    newest = LinearAddressQuestions()
    assert newest.knows_la57() and newest.keeps_la57_in_long_mode() and newest.allows_addresses_of_the_widest_paging()
