"""Names and contents of cached translations."""

from __future__ import annotations

from kvmdbg.machine.hw.tlbkey import COMBINED, GLOBAL, GUEST_PHYSICAL, KINDS, LINEAR, NONE, TlbEntry, TlbKey


def test_a_plain_tuple_finds_a_key_in_a_dict() -> None:
    key = TlbKey(COMBINED, 5, 3, 7, 0x401000, 0x1000)
    assert {key: 1}[(COMBINED, 5, 3, 7, 0x401000, 0x1000, 0)] == 1      # type: ignore[index]


def test_keys_of_every_kind_sort_together() -> None:
    keys = [TlbKey(kind, NONE, GLOBAL, NONE, 0, 0x1000) for kind in KINDS]
    assert [key.kind for key in sorted(keys)] == [COMBINED, GUEST_PHYSICAL, LINEAR]


def test_the_marks_are_no_tags() -> None:
    assert len({NONE, GLOBAL}) == 2 and max(NONE, GLOBAL) < 0


def test_an_entry_grants_all_rights_of_either_level_unless_told() -> None:
    entry = TlbEntry(0x5000, True, True, True, True, True, NONE, 0, 1)
    assert (entry.guest, entry.ept, entry.span) == (7, 7, 0)
