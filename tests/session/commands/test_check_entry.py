"""check-entry: what VM entry would object to."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from session_support import L2, say, session


def test_a_good_vmcs_passes() -> None:
    s = session(*L2)
    for which in ("vmcs12", "vmcs02", "vmcs01"):
        assert say(s, f"check-entry {which}") == "Every check passes."


def test_every_failing_check_is_named_with_field_value_demand_and_section() -> None:
    s = session(*L2[:-1], "inject vmwrite HOST_CR0, 0", "inject vmwrite GUEST_RFLAGS, 0")
    end = s.tape.end
    said = say(s, "check-entry")
    assert "VMfail 8" in said and "HOST_CR0 = 0x0: must set the fixed bits" in said
    assert "exit 33" in said and "GUEST_RFLAGS = 0x0: must set bit 1 (SDM Vol. 3C 26.3.1.4)" in said
    assert s.tape.end == end


def test_without_a_vmcs12_vmcs01_is_meant() -> None:
    s = session()
    assert "EPT_POINTER = 0x0" in say(s, "check-entry")          # the first root comes with the first entry
    s.execute("inject nop")
    assert say(s, "check-entry") == "Every check passes."
    with pytest.raises(UserError, match="no current VMCS"):
        s.execute("check-entry vmcs12")
    with pytest.raises(UserError, match="no vmcs02 now"):
        s.execute("check-entry vmcs02")
