"""Lines as forms."""

from __future__ import annotations

import pytest

from kvmdbg.session.dumps.form import form, read_line

PAIR = form("RSP = {RSP} RIP = {RIP}")


@pytest.mark.parametrize("text", ["RSP = 0x0010  RIP = 0x00ff", "RSP=10 RIP=ff", "RSP =  10   RIP  = 0xFF"])
def test_blanks_and_0x_do_not_matter(text: str) -> None:
    assert PAIR.read(text) == ({"RSP": 0x10, "RIP": 0xFF}, "")


@pytest.mark.parametrize("text", ["RSP = 0x10", "RSP = 0x10 RIP = 0xfg", "RIP = 1 RSP = 2", "XRSP = 1 RIP = 2", "RSP = 0x RIP = 1"])
def test_what_is_none_is_none(text: str) -> None:
    assert PAIR.read(text) is None


def test_decimal_numbers_and_marks() -> None:
    assert form("{N:d}: msr={MSR} value={V}").read("12: msr=0x10 value=0x0020") == ({"N": 12, "MSR": 16, "V": 32}, "")
    assert form("EFER = {E} (effective)").read("EFER= 0xd01 (effective)") == ({"E": 0xD01}, "")
    assert form("SVI|RVI = {S}|{R}").read("SVI|RVI = 01|2f ") == ({"S": 1, "R": 0x2F}, "")


def test_a_line_may_be_made_of_several_and_of_nothing_else() -> None:
    forms = (form("A = {A}"), form("B = {B}"))
    assert read_line(forms, "A = 1 B = 2") == {"A": 1, "B": 2} and read_line(forms, "B=3") == {"B": 3}
    assert read_line(forms, "A = 1 C = 2") is None
