"""Symbolic words have one fixed number each."""

from __future__ import annotations

import pytest

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.state import Caps
from kvmdbg.session.cases.binding import GPA_P1, LINEAR_V, MSR_AREA, NON_CANONICAL, VMCS_A, VMXON_REGION, Binding

BINDING = Binding(Caps(maxphyaddr=40), {"page of the PTE": lambda: 0x5000})


@pytest.mark.parametrize(("text", "number"), [
    ("0", 0), ("0xffff", 0xFFFF), ("-125", -125), ("~0", -1), ("V", LINEAR_V), ("P1", GPA_P1), ("G", 1 << 39),
    ("1 << MAXPHYADDR", 1 << 40), ("(1<<MAXPHYADDR) - 0x1000", (1 << 40) - 0x1000), ("TOP-0x2000", (1 << 40) - 0x2000),
    ("region + 1", VMCS_A + 1), ("region | 0xff", VMCS_A | 0xFF), ("region | 1 << (MAXPHYADDR+1)", VMCS_A | 1 << 41),
    ("N", 0), ("N+1", 1),
    ("max+1", 513), ("the VMXON region", VMXON_REGION), ("<page of the PTE>", 0x5000), ("page of the PTE", 0x5000),
    ("non-canonical", NON_CANONICAL), ("base with bit 2 set", MSR_AREA | 4), (" A ", VMCS_A), ("2 ^ 3 & 1", 3),
])
def test_numbers(text: str, number: int) -> None:
    assert BINDING.number(text) == number


@pytest.mark.parametrize(("text", "number"), [("-125", 2**64 - 125), ("~0", 2**64 - 1), ("0x10", 16)])
def test_64_bits(text: str, number: int) -> None:
    assert BINDING.number64(text) == number


def test_a_count_has_nothing_below_0() -> None:
    assert (BINDING.number("N"), BINDING.number("N-1"), BINDING.number("N+1")) == (0, 0, 1)


@pytest.mark.parametrize(("text", "said"), [
    ("FROB", "FROB: no symbol with a value here"), ("what was written", "what was written: no number"), ("", ": no number"),
    ("1 - V", "1 - V: less than 0 here"), ("1.5", "1.5: no number"),
    ("True", "True: no number"), ("__import__('os')", "no number"), ("1 << -1", "no number"),
    ("'a'", "no number"), ("1 // 0", "no number"), ("2 ** 9", "no number"), ("(" * 300, "no number"),
])
def test_what_has_no_number_is_unsupported(text: str, said: str) -> None:
    with pytest.raises(Unsupported) as caught:
        BINDING.number(text)
    assert said in str(caught.value)


def test_a_shift_cannot_eat_all_memory() -> None:
    assert BINDING.number("1 << (1 << 40)") == 1 << 128


def test_a_case_may_give_a_name_another_meaning() -> None:
    assert Binding(Caps(), None, {"A": 0x40_001E, "AD": 0x40}).number("A|AD") == 0x40_005E


def test_differences_of_counters_may_be_less_than_0() -> None:
    assert BINDING.signed64("0x5 - (1 << 32)") == 2**64 - 2**32 + 5
    with pytest.raises(Unsupported, match="less than 0 here"):
        BINDING.number64("0x5 - (1 << 32)")
