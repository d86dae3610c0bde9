"""load."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dump_support import fields, vmcb_log, vmcs_log
from kvmdbg.errors import Unsupported, UserError
from kvmdbg.session.rerun import plan
from kvmdbg.session.session import Session
from session_support import L2, say, session

FILES: dict[str, str] = {}
session(*L2, "goto end", kernel="v5.8", write_file=FILES.__setitem__).execute("save l2 state")


def loading(*lines: str, **more: Any) -> Session:
    return session(*lines, read_file=FILES.__getitem__, write_file=FILES.__setitem__, **more)


def test_a_state_brings_its_kernel_and_its_machine() -> None:
    FILES["m"] = ""
    session("machine enable_vpid=0 cpus=2", write_file=FILES.__setitem__, kernel="v4.3").execute("save m")
    s = loading("load state m")
    assert (s.kernel, s.kvm.config.enable_vpid, s.kvm.config.cpus, s.tape.end) == ("v4.3", False, 2, 0)


def test_a_recording_begins_with_the_line_and_checks_the_file() -> None:
    s = loading('load state "l2 state"', "inject vmcall", "goto end")
    recorded = s.record()
    assert recorded.splitlines()[1] == "kernel v5.8" and recorded.splitlines()[2].startswith('load state "l2 state" sha256:')
    again = loading(*recorded.splitlines())
    assert again.tape.digest() == s.tape.digest() and again.words[:2] == s.words
    FILES["other"] = FILES["l2 state"] + "# changed\n"
    line = recorded.splitlines()[2].replace('"l2 state"', "other")
    with pytest.raises(UserError, match="other is not what it was"):
        loading(line)


def test_what_was_said_before_stays_while_nothing_has_run() -> None:
    s = loading("break flush", 'load state "l2 state"')
    assert len(s.breakpoints) == 1 and s.words == ["break flush"]


def test_previous_goes_back_and_returns() -> None:
    s = loading("set narrate brief", "poke 0x5000 1", "break flush")
    before = s.tape.digest(), s.tape.cursor, list(s.words)
    say(s, 'load state "l2 state"')
    after = s.tape.digest()
    assert after != before[0] and s.words == ["set narrate brief"] and len(s.breakpoints) == 0
    assert say(s, "load previous").startswith("back at #") and (s.tape.digest(), s.tape.cursor, s.words) == before
    assert len(s.breakpoints) == 1
    say(s, "load previous")
    assert s.tape.digest() == after


@pytest.mark.parametrize(("line", "message"), [
    ("load state", "FILE is missing"), ("load colour x", "is not one of state"), ("load state x sha256:12", "is no digest"),
    ("load previous", "no `load` has left a session behind"), ("load previous x", "'x' is too much")])
def test_refused(line: str, message: str) -> None:
    s = loading()
    with pytest.raises(UserError, match=message):
        s.execute(line)


def test_a_broken_file_changes_nothing() -> None:
    FILES["broken"] = FILES["l2 state"].replace("rip = ", "rip = (")
    s = loading("poke 0x5000 1")
    before = s.tape.digest(), s.tape.cursor, list(s.words), s.kernel
    with pytest.raises(UserError, match="broken:"):
        s.execute("load state broken")
    assert (s.tape.digest(), s.tape.cursor, s.words, s.kernel) == before and s.left == {}


def test_a_field_that_is_not_there_is_told() -> None:
    FILES["old"] = "\n".join(line for line in FILES["l2 state"].splitlines() if not line.startswith("fills = "))
    assert "not in the file, so as on a machine just booted: cpu0.fills" in say(loading(), "load state old")


def test_the_machine_and_its_kernel_come_with_the_state() -> None:
    s = loading('load state "l2 state"')
    for line, message in (("machine cpus=2", "came with its state"), ("kernels v4.3 v4.4", "was loaded already"),
                          ("kernel v4.3", "is a state of v5.8, and this session runs v4.3")):
        with pytest.raises(UserError, match=message):
            s.execute(line)
    assert s.kernel == "v5.8"


def test_a_second_machine_begins_with_the_same_state() -> None:
    s = loading('load state "l2 state"', "inject vmcall", "goto end")
    assert plan(s).copy.tape.digest() == s.tape.digest()


# -- load dmesg --------------------------------------------------------------------------------------------------------------

FILES["bad.log"] = vmcs_log(fields(session("continue"), GUEST_TR_AR_BYTES=0x1008B, VM_EXIT_REASON=0x8000_0021))
FILES["good.log"] = vmcs_log(fields(session("continue")), "v4.2")


@pytest.mark.parametrize("kernel", ["v3.1", "v4.4", "v5.8", "v6.12"])
def test_a_dump_is_looked_at_checked_and_stepped(kernel: str) -> None:
    s = loading("load dmesg bad.log", kernel=kernel)
    assert "must not set 0x10000 (SDM Vol. 3C 26.3.1.2)" in say(s, "check-entry")
    assert any("VMCS_LINK_POINTER" in line and line.endswith("not in the dump") for line in say(s, "info vmcs").split("\n"))
    assert "KVM_EXIT_FAIL_ENTRY (exit reason 0x80000021)" in say(s, "continue")
    say(s, "reverse-continue")
    assert s.tape.cursor == 0


@pytest.mark.parametrize("kernel", ["v3.1", "v4.4", "v5.8", "v6.12"])
def test_a_guest_that_can_be_entered_runs_on_empty_memory(kernel: str) -> None:
    s = loading("load dmesg good.log", "continue", kernel=kernel)
    assert "#PF" in say(s, "inject load 0x5000")
    assert "not in the dump" not in say(s, "info vmcs VM_EXIT_REASON")


def test_a_guest_whose_ept_pointer_names_something_else_comes_to_a_halt() -> None:
    FILES["taken.log"] = vmcs_log(fields(session("continue"), EPT_POINTER=0xF000_005E))
    s = loading("load dmesg taken.log", "continue")
    assert "no progress" in say(s, "inject load 0x5000")


def test_the_dump_of_several() -> None:
    FILES["both.log"] = FILES["good.log"] + FILES["bad.log"]
    s = loading("load dmesg both.log 2")
    assert "GUEST_TR_AR_BYTES" in say(s, "check-entry") and s.origin.startswith("load dmesg both.log 2 sha256:")
    for line, message in (("load dmesg both.log 3", "has 2 dumps"), ("load dmesg both.log x", "no number of a dump"),
                          ('load state "l2 state" 2', "2 is too much"), ('load dmesg "l2 state"', "has no dump")):
        with pytest.raises(UserError, match=message):
            s.execute(line)


def test_a_dump_on_another_kernel_and_in_a_recording() -> None:
    s = loading("machine maxphyaddr=40", "load dmesg bad.log", "continue", kernel="v6.12")
    recorded = s.record()
    again = loading(*recorded.splitlines())
    assert again.tape.digest() == s.tape.digest() and again.caps.maxphyaddr == 40
    assert "repeated on v4.4" in say(s, "kernel v4.4") and s.kernel == "v4.4" and s.origin and s.tape.end > 0
    assert "vcpu0.vpid02" in say(s, "whatif kernel v4.3")


def test_a_loaded_dump_is_saved_and_loaded() -> None:
    s = loading("load dmesg good.log", "continue", "save from-dump")
    assert loading("load state from-dump").tape.digest() == s.tape.digest()


# -- a VMCB ------------------------------------------------------------------------------------------------------------------

FILES["amd.log"] = vmcb_log(asid=0)


def test_a_vmcb_is_looked_at_and_checked_and_not_run() -> None:
    s = loading("load dmesg amd.log", kernel="v6.12")
    assert say(s, "check-entry").split("\n") == [
        " | VMEXIT_INVALID | the event to inject | event_inj = 0x80000320: must not inject 32 as an exception (APM Vol. 2 15.20)",
        " | VMEXIT_INVALID | the ASID | asid = 0x0: must not be 0, which is the host's (APM Vol. 2 15.5.1)"]
    assert "NP_ENABLE" in say(s, "info vmcb nested_ctl")
    for line in ("step", "continue", "stepi", "inject nop"):
        with pytest.raises(Unsupported, match="VMRUN is not modelled"):
            s.execute(line)
    assert s.tape.cursor == s.tape.end == 0
    with pytest.raises(UserError, match="the machine has no VMCB"):
        session("check-entry vmcb")


def test_a_vmcb_is_saved_and_loaded() -> None:
    s = loading("load dmesg amd.log", "save amd-state", kernel="v6.12")
    other = loading("load state amd-state")
    assert other.tape.digest() == s.tape.digest() and say(other, "info vmcb") == say(s, "info vmcb")


def test_both_kinds_in_one_log() -> None:
    FILES["mixed.log"] = FILES["amd.log"] + FILES["bad.log"] + FILES["amd.log"]
    assert "dump 2 of 3, a VMCS" in say(loading(), "load dmesg mixed.log 2")
    assert "dump 3 of 3, a VMCB" in say(loading(), "load dmesg mixed.log 3")


# -- a VMCS of L1's ----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("kernel", ["v5.8", "v6.12"])
def test_a_dump_of_l1_is_checked_and_launched(kernel: str) -> None:
    s = loading("load dmesg bad.log vmcs12", kernel=kernel)
    assert "exit 33 | guest TR is usable" in say(s, "check-entry")
    assert "L1 sees INVALID_STATE (entry failed)" in say(s, "inject vmlaunch")
    assert loading(*s.record().splitlines()).tape.digest() == s.tape.digest()
    assert "enters L2" in say(loading("load dmesg good.log vmcs12", kernel=kernel), "inject vmlaunch")


@pytest.mark.parametrize(("line", "message"), [
    ("load dmesg amd.log vmcs12", "a VMCB cannot be vmcs12"), ("load dmesg bad.log 1 vmcs01", "'vmcs01' is too much"),
    ('load state "l2 state" vmcs12', "vmcs12' is no number|vmcs12 is too much")])
def test_what_cannot_be_vmcs12(line: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        loading(line)


def test_completion_offers_what_there_is() -> None:
    s = loading()
    assert {one.text for one in s.completions("load ")} == {"state", "dmesg", "previous"}
    assert {one.text for one in s.completions("load dmesg x 2 v")} == {"vmcs12"}


# -- what is damaged ---------------------------------------------------------------------------------------------------------

DAMAGE = st.tuples(st.floats(0, 1), st.integers(0, 60), st.sampled_from(
    ("", "0x", "f" * 18, "-", "(", ")", "\n", "=", "0x10000000000000000", '"', "#", "[", "a", "9", " ", "GUEST_CR3", "True")))
TEXTS = ("bad.log", "good.log", "amd.log", "l2 state")
AFTER = ("check-entry", "info vmcs", "info tlb", "continue", "inject load 0x1000", "inject vmcall", "save")


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(text=st.sampled_from(TEXTS), damage=st.lists(DAMAGE, min_size=1, max_size=6), role=st.sampled_from(("", " vmcs12")))
def test_a_damaged_file_never_ends_in_a_python_exception(text: str, damage: list[tuple[float, int, str]], role: str) -> None:
    said = FILES[text]
    for place, gone, put in damage:
        at = int(place * len(said))
        said = said[:at] + put + said[at + gone:]
    s = session(read_file=lambda name: said)
    for line in (f"load state x{role}" if text == "l2 state" else f"load dmesg x{role}", *AFTER):
        try:
            s.execute(line)
        except UserError as refusal:
            assert refusal.message
