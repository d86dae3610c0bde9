"""Instructions behind the forced emulation prefix."""

from __future__ import annotations

import pytest

from events_support import in_l2, story
from kvm_support import EPT12, Machine, decided, exceptions
from kvmdbg.machine.hw.controls import CPU_HLT_EXITING, CPU_PAUSE_EXITING, CPU_SECONDARY_CONTROLS

SERIES = "v6.12 +f002a97ec8c9 +f43f7a215af0 +79a14afc6090"
BOTH = CPU_SECONDARY_CONTROLS | CPU_HLT_EXITING | CPU_PAUSE_EXITING


def l2(name: str, controls: int) -> Machine:
    m = Machine(name, force_emulation_prefix=True).given_vmx()
    m.given_l2(vpid=None, eptp=EPT12, CPU_BASED_VM_EXEC_CONTROL=controls).enter()
    return m


def test_l1_has_it_emulated() -> None:
    m = Machine(force_emulation_prefix=True)
    m.run("nop")
    rip = m.cpu.rip
    m.run("fep-nop", "fep-pause")
    assert m.cpu.rip - rip == 13 and exceptions(m.since(0)) == []
    m.run("fep-hlt")
    assert m.vcpu.mp_state == "HALTED"


@pytest.mark.parametrize(("name", "on"), [("v6.12", False), ("v4.15", True)])
def test_else_it_is_ud2(name: str, on: bool) -> None:
    m = Machine(name, force_emulation_prefix=on)
    m.run("fep-pause")
    assert exceptions(m.since(0)) == [("#UD", 0)]


@pytest.mark.parametrize(("word", "reason", "length"), [("fep-pause", 40, 2), ("fep-hlt", 12, 1)])
def test_what_l1_intercepts_is_an_exit(word: str, reason: int, length: int) -> None:
    """nested_emulation_test.c of the selftests."""
    m = l2(SERIES, BOTH)
    rip = m.cpu.rip
    assert f"L1 sees {reason}" in story(m.run(word))
    assert (m.vmread("VM_EXIT_INSTRUCTION_LEN"), m.vmread("VM_EXIT_INTR_INFO")) == (length, 0)
    assert m.vmread("GUEST_RIP") == rip + 5
    m.run("vmresume")
    assert m.vcpu.guest_mode and m.vcpu.program == ()


def test_what_l1_leaves_alone_is_emulated() -> None:
    m = l2(SERIES, CPU_SECONDARY_CONTROLS)
    m.run("fep-pause", "fep-hlt")
    assert (m.vcpu.guest_mode, m.vcpu.mp_state) == (True, "HALTED")


@pytest.mark.parametrize(("word", "answer", "faults"), [
    ("fep-pause", "X86EMUL_CONTINUE", []), ("fep-hlt", "X86EMUL_UNHANDLEABLE", [("#UD", 0)])])
def test_before_the_series_of_v6_15(word: str, answer: str, faults: list[tuple[str, int]]) -> None:
    m = l2("v6.12", BOTH)
    events = m.run(word)
    assert [one for one, _ in decided(events, "vmx_check_intercept")] == [answer]
    assert exceptions(events) == faults and m.vcpu.guest_mode


def test_an_l2_without_the_parameter() -> None:
    m = in_l2("v6.12")
    assert exceptions(m.run("fep-hlt")) == [("#UD", 0)]
