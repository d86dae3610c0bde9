"""vmcs12."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from session_support import VMXON, say, session


def test_a_prepared_vmcs_can_be_entered() -> None:
    s = session(*VMXON, "vmcs12 0x4000 virtual_processor_id=3 GUEST_CR3=0x2000", "inject vmptrld 0x4000")
    assert say(s, "print vmcs12.VIRTUAL_PROCESSOR_ID") == "$1 = 3"
    say(s, "inject vmlaunch")
    assert say(s, "print level") == "$2 = 2" and say(s, "print/x vmcs02.GUEST_CR3") == "$3 = 0x2000"


@pytest.mark.parametrize(("fields", "message"), [
    ("VIRTUAL_PROCESSOR_IDD=1", "Did you mean VIRTUAL_PROCESSOR_ID"), ("GUEST_CR3", "is no FIELD=VALUE"),
    ("GUEST_CR3=x", "No symbol"),
    ("GUEST_CR3=1 GUEST_CR3=2", "given twice")])
def test_mistakes(fields: str, message: str) -> None:
    s = session()
    with pytest.raises(UserError, match=message):
        s.execute(f"vmcs12 0x4000 {fields}")
    assert s.tape.end == 0


def test_completion_of_fields() -> None:
    assert ("GUEST_CR3=", 14) in [(one.text, one.start) for one in session().completions("vmcs12 0x4000 GUEST_CR")]
