"""Reading a log line by line."""

from __future__ import annotations

from dump_support import fields, vmcs_log
from kvmdbg.session.dumps.dump import Dump, oddities
from kvmdbg.session.dumps.vmcs import vmcs_dumps
from session_support import session

LOG = vmcs_log(fields(session("continue")))
LINES = LOG.splitlines()


def only(log: str) -> Dump:
    found = list(vmcs_dumps(log))
    assert len(found) == 1
    return found[0]


def test_the_lines_around_do_not_count() -> None:
    dump = only(LOG)
    assert (dump.first, dump.last, dump.strange) == (2, len(LINES) - 1, []) and oddities(dump) == []


def test_lines_between_are_told() -> None:
    log = "\n".join([*LINES[:10], "usb 1-1: new device", "eth0: link up", *LINES[10:], "usb 1-1: gone"])
    assert oddities(only(log)) == ["2 lines between not understood: line 11: 'usb 1-1: new device'; line 12: 'eth0: link up'"]
    dump = only("\n".join([*LINES[:10], *"abcde", *LINES[10:]]))
    assert oddities(dump)[0].endswith("line 13: 'c' and 2 more")


def test_what_a_mail_program_wrapped_is_put_together() -> None:
    at = next(number for number, line in enumerate(LINES) if "CR0: actual" in line)
    front, _, rest = LINES[at].partition(", gh_mask")
    wrapped = only("\n".join([*LINES[:at], front + ",", "gh_mask" + rest, *LINES[at + 1:]]))
    assert wrapped.values == only(LOG).values and oddities(wrapped) == []


def test_the_first_of_two_values_counts() -> None:
    again = next(line for line in LINES if "CR3 =" in line).replace("1000", "2000")
    dump = only("\n".join([*LINES[:12], again, *LINES[12:]]))
    assert dump.values["GUEST_CR3"] == 0x1000
    assert oddities(dump) == ["contradiction: GUEST_CR3 is 0x1000, and 0x2000 on line 13; the first one counts"]


def test_several_dumps_in_one_log() -> None:
    old = vmcs_log(fields(session("continue"), GUEST_CR3=0x7000), "v4.2")
    assert [dump.values["GUEST_CR3"] for dump in vmcs_dumps(LOG + old + LOG)] == [0x1000, 0x7000, 0x1000]
    assert list(vmcs_dumps("nothing here\n")) == []


def test_a_dump_without_a_number_is_none() -> None:
    assert list(vmcs_dumps("*** Guest State ***\n")) == []
