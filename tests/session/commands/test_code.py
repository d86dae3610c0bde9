"""code and gate."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from session_support import say, session, stop_of

L2_WITH_IDT = (
    "map L1 0x400000 0x5000", "poke 0x3000 0x11e57ed0", "inject vmxon 0x3000",
    "vmcs12 0x6000 GUEST_CR3=0x40000 EPT_POINTER=0x10000 GUEST_RIP=0x201000 GUEST_RSP=0x220ff0 GUEST_IDTR_BASE=0x210000 "
    "GUEST_IDTR_LIMIT=0xfff",
    "inject vmclear 0x6000", "inject vmptrld 0x6000", "map ept12 0x40000 0x40000",
    "map L2 0x210000 0x210000", "map ept12 0x210000 0x210000", "map L2 0x220000 0x220000", "map ept12 0x220000 0x220000")


def test_a_handler_is_stepped_through_and_back_again() -> None:
    s = session(*L2_WITH_IDT, "code L2 0x201000", "int3", "vmcall", "end", "code L2 0x203000", "nop", "iret", "end",
                "gate L2 BP 0x203000",
                "inject vmlaunch")
    rips = [s.kvm.cpu(s.kvm.vcpus[0]).rip]
    for _ in range(3):
        stop_of(s, "insn")
        rips.append(s.kvm.cpu(s.kvm.vcpus[0]).rip)
    assert rips == [0x20_1000, 0x20_3000, 0x20_3001, 0x20_1001]
    stop_of(s, "reverse-insn")
    assert s.kvm.cpu(s.kvm.vcpus[0]).rip == 0x20_3001
    stop_of(s, "continue")
    assert not s.kvm.vcpus[0].guest_mode


def test_a_breakpoint_on_the_handler_stops_in_front_of_it() -> None:
    s = session(*L2_WITH_IDT, "code L2 0x201000", "ud2", "end", "code L2 0x203000", "vmcall", "end", "gate L2 UD 0x203000",
                "break handler",
                "program", "vmlaunch", "end")
    assert stop_of(s, "continue").breakpoint == 1


def test_info_code_shows_where_rip_is() -> None:
    s = session(*L2_WITH_IDT, "code L2 0x201000", "nop", "vmcall", "end", "inject vmlaunch")
    shown = say(s, "info code").splitlines()
    assert [line.replace("|", " ").split() for line in shown if "L2" in line] \
        == [["->", "L2", "201000", "nop", "1"], ["L2", "201001", "vmcall", "3"]]


def test_code_is_taken_away_and_undo_brings_it_back() -> None:
    s = session("code L1 0x1000", "nop", "end", "code L1 0x1000", "end")
    assert not s.kvm.code
    s.execute("undo")
    assert list(s.kvm.code) == [(1, 0x1000)]


@pytest.mark.parametrize(("lines", "message"), [
    (("code L3 0x1000", "end"), "L3"), (("code L1", "end"), "required|missing"), (("code L1 0x1000", "frob", "end"),
                                                                                  "no instruction 'frob'"),
    (("gate L1 300 0x1000",), "is no vector"), (("gate L1 DB 0x1000",), "no IDT")])
def test_mistakes_change_nothing(lines: tuple[str, ...], message: str) -> None:
    s = session()
    end = s.tape.end
    with pytest.raises(UserError, match=message):
        for line in lines:
            s.execute(line)
    assert s.tape.end == end
