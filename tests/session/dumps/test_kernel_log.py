"""What stands in front of a message."""

from __future__ import annotations

import pytest

from kvmdbg.session.dumps.kernel_log import Line, message, messages

MESSAGE = "CR3 = 0x0000000000001000"


@pytest.mark.parametrize("front", [
    "", "[ 1234.567890] ", "[    0.000001][ T4711] ", "[99.1][   C3] kvm_intel: ", "<3>[ 1234.567890] ", "<3>", "kvm_intel: ",
    "kvm [4711]: ", "kvm: ", "> [ 1.2] ", ">> [ 1.2] ", "| ", "Nov 21 10:00:01 host kernel: ",
    "Nov  1 10:00:01 host kernel: [ 12.3] ",
    "[47175.214140] SVM: ",
    "2024-11-21T10:00:01.123456+01:00 host kernel: kvm_intel: ", "2024-11-21T10:00:01+0100 host kernel: ", "kernel: ",
    "[Thu Nov 21 10:00:01 2024] ", "\t"])
def test_it_is_taken_away(front: str) -> None:
    assert message(front + MESSAGE) == MESSAGE


@pytest.mark.parametrize("text", ["CR0: actual=0x1, shadow=0x2, gh_mask=3", "TR:   sel=0x0040", "VMExit: intr_info=00000000"])
def test_a_message_is_left_alone(text: str) -> None:
    assert message(text) == text


def test_a_raw_mail_is_read_as_it_was_written() -> None:
    assert [line.text for line in messages("[ 1.0] CR0: actual=3D0x3d, sha=\ndow=3D0x1=20\n")] == ["CR0: actual=0x3d, shadow=0x1"]
    assert [line.text for line in messages("FSBase=3d00 GSBase=20ff")] == ["FSBase=3d00 GSBase=20ff"]


def test_lines_keep_their_numbers_and_empty_ones_go() -> None:
    assert list(messages("a\n\n[ 1.0] b\n[ 2.0]\n")) == [Line(1, "a"), Line(3, "b")]
