"""What steps have read."""

from __future__ import annotations

from kvmdbg.session.cases.registers_read import LeafRead, MsrRead, MsrsRead


def test_registers_are_found_by_number() -> None:
    found = MsrsRead(((0x480, 7), (0x481, 8)))
    assert (found.get(0x481), found.get(0x482)) == (8, None)
    assert MsrRead(0x480, 7).value == 7 and LeafRead(1, "ecx", 5).register == "ecx"
