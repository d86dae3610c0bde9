"""Rules about the VMX capability MSRs."""

from __future__ import annotations

import pytest

from casework import observe
from kvmdbg.errors import Unsupported
from kvmdbg.session.cases.fact import Observed, check
from kvmdbg.session.cases.registers_read import MsrsRead

READ = "L1: read the VMX capability MSRs"
RULES = {
    "VMX_BASIC": "bit 31 is 0; size 1..4096; memory type 0 or 6",
    "VMX_MISC": "CR3 targets <= 256; mask 0x80007e00 is 0; bit 5 set if unrestricted guest is offered",
    "control MSRs": "default-1 bits set; must-be-1 is a subset of may-be-1; TRUE MSR plus default-1 bits equals the plain one",
    "VMCS_ENUM": "index >= 0x2a; other bits 0",
    "EPT_VPID_CAP": "no bit outside exec-only, PWL4, PWL5, UC, WB, 2M, 1G, INVEPT(1,2), A/D, advanced info, INVVPID(0,1,2,3)",
}


def with_value(step: Observed, value: object) -> Observed:
    return step._replace(operations=(step.last._replace(value=value),))


@pytest.mark.parametrize("name", RULES)
def test_l1s_registers_follow_the_rules(name: str) -> None:
    assert check(observe(READ)[0], name, RULES[name]) == ""


@pytest.mark.parametrize(("name", "number", "value"), [
    ("VMX_BASIC", 0x480, 1 << 31 | 0x1000 << 32), ("VMX_BASIC", 0x480, 0), ("VMX_BASIC", 0x480, 0x1000 << 32 | 1 << 50),
    ("VMX_MISC", 0x485, 1 << 24 | 1 << 16), ("VMX_MISC", 0x485, 1 << 31), ("VMX_MISC", 0x485, 0),
    ("control MSRs", 0x481, 0), ("control MSRs", 0x481, 0x16 | 1), ("control MSRs", 0x481, 0x96 | 0x96 << 32),
    ("VMCS_ENUM", 0x48A, 0x28), ("VMCS_ENUM", 0x48A, 0x2F), ("EPT_VPID_CAP", 0x48C, 1 << 1)])
def test_registers_that_do_not(name: str, number: int, value: int) -> None:
    (step,) = observe(READ)
    found = dict(step.last.value.values) | {number: value}
    assert check(with_value(step, MsrsRead(tuple(found.items()))), name, RULES[name]) != ""


@pytest.mark.parametrize(("name", "rule"), [("VMX_BASIC", "it is well"), ("EPT_VPID_CAP", "no bit outside so and so")])
def test_a_clause_that_is_not_written_down(name: str, rule: str) -> None:
    with pytest.raises(Unsupported):
        check(observe(READ)[0], name, rule)


def test_a_step_that_reads_no_register() -> None:
    for name in (*RULES, "bits"):
        with pytest.raises(Unsupported):
            check(observe("L1: nop")[0], name, {})


def test_which_bit_announces_what() -> None:
    (step,) = observe("L1: rdmsr IA32_VMX_EPT_VPID_CAP")
    assert check(step, "bits", {"invept instruction": 20, "5-level walk": 7, "invvpid type 3": 43}) == ""
    assert check(step, "bits", {"UC": 9}) == "UC is bit 8"
    other = with_value(step, step.last.value._replace(value=0))
    assert check(other, "bits", {"WB": 14}) == "WB: bit 14 is 0, which is not what L1 is offered"
    with pytest.raises(Unsupported, match="bits: so and so"):
        check(step, "bits", {"so and so": 1})
