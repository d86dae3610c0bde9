"""0e75225dfa4c: the bitmap of VM functions has 64 bits."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_question() -> None:
    """I-18: function 32 passed as function 0, to no effect."""
    answers = [kernel(name).vmfunc_verdict(32, 1, True) for name in ("0e75225dfa4c^", "0e75225dfa4c", "v6.12")]
    assert answers == ["emulate", "reflect", "reflect"]


def test_bit_31_was_extended_by_its_sign() -> None:
    before = kernel("0e75225dfa4c^")
    assert [before.vmfunc_verdict(31, 1 << bit, True) for bit in (30, 31, 40, 63)] == ["reflect", "emulate", "emulate", "emulate"]
