"""User space turns a dirty log on and off, and reads it."""

from __future__ import annotations

import pytest

from kvm_support import Machine
from kvmdbg.errors import UserError


def test_a_slot_of_several() -> None:
    m = Machine()
    m.host("memslot create 0x80000 16")
    m.host("dirty-log on 0x80000")
    assert list(m.kvm.dirty_logs) == [0x80000]
    m.host("memslot delete 0x80000")
    assert not len(m.kvm.dirty_logs)


@pytest.mark.parametrize(("text", "words"), [
    ("dirty-log off", "is not logged"), ("dirty-log get 0", "is not logged"), ("dirty-log on 0x5", "no slot begins"),
    ("dirty-log maybe", "must be on, off or get")])
def test_refused(text: str, words: str) -> None:
    m = Machine()
    with pytest.raises(UserError, match=words):
        m.host(text)
    assert m.kvm.tape.end == 0


def test_twice() -> None:
    m = Machine()
    m.host("dirty-log on")
    with pytest.raises(UserError, match="logged already"):
        m.host("dirty-log on")
