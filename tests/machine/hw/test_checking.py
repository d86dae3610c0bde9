"""What a check is: condition, rule, words."""

from __future__ import annotations

from kvmdbg.machine.hw.checking import (
    GUEST_AREA,
    Check,
    Problem,
    always,
    both,
    has,
    is_canonical,
    is_not_zero,
    is_zero,
    lacks,
    only,
    plain,
    secondary,
    secondary_controls,
    subject,
    with_caps,
)
from kvmdbg.machine.hw.controls import SEC_ENABLE_EPT, SEC_ENABLE_VPID
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.state import Caps
from vmx import reader, with_vmcs


def test_a_failing_check_says_field_value_demand_and_source() -> None:
    hw, cpu = with_vmcs({F.GUEST_RIP: 0x12})
    check = Check("RIP is 0", GUEST_AREA, "SDM Vol. 9", F.GUEST_RIP, is_zero, qualification=2)
    problem = check.test(subject(hw, cpu, reader(hw, cpu)))
    assert problem == Problem("RIP is 0", "GUEST_RIP = 0x12: must be 0 (SDM Vol. 9)", 2, GUEST_AREA)


def test_a_check_applies_only_when_it_says() -> None:
    hw, cpu = with_vmcs({F.GUEST_RIP: 0x12, F.GUEST_RSP: 1})
    s = subject(hw, cpu, reader(hw, cpu))
    check = Check("RIP is 0", GUEST_AREA, "SDM Vol. 9", F.GUEST_RIP, is_zero)
    assert check._replace(when=has(F.GUEST_RSP, 2)).test(s) is None
    assert check._replace(when=lacks(F.GUEST_RSP, 1)).test(s) is None
    assert check._replace(when=both(has(F.GUEST_RSP, 1), has(F.GUEST_RSP, 2))).test(s) is None
    assert check._replace(when=both(always, has(F.GUEST_RSP, 1))).test(s) is not None


def test_secondary_controls_count_only_while_activated() -> None:
    hw, cpu = with_vmcs()
    s = subject(hw, cpu, reader(hw, cpu))
    assert s.secondary == SEC_ENABLE_EPT | SEC_ENABLE_VPID
    assert secondary(SEC_ENABLE_VPID)(s)
    assert secondary_controls(lambda encoding: {F.SECONDARY_VM_EXEC_CONTROL: 2}.get(encoding, 0)) == 0


def test_shared_rules() -> None:
    hw, cpu = with_vmcs()
    s = subject(hw, cpu, reader(hw, cpu))
    assert (is_zero(0, s), is_zero(1, s)) == ("", "be 0")
    assert (is_not_zero(1, s), is_not_zero(0, s)) == ("", "not be 0")
    assert (only(3)(3, s), only(3)(6, s)) == ("", "not set 0x4")
    assert is_canonical(0xFFFF_8000_0000_0000, s) == ""
    assert is_canonical(0x8000_0000_0000, s) != ""
    assert with_caps(lambda value, caps: f"{value} {caps == Caps()}")(1, s) == "1 True"
    assert plain(str)(7, s) == "7"
