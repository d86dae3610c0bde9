"""vmread."""

from __future__ import annotations

import pytest

from casework import harness, observe, operation, said
from kvmdbg.errors import Unsupported
from kvmdbg.session.cases.operations.vmread import vmread


def test_a_field_by_name_and_by_encoding() -> None:
    h = harness({"vmcs12": {"enable_vpid": True, "vpid": 9}})
    start = len(h.player.lines)
    assert vmread(h, *operation("L1: vmread VPID")) == 9
    assert vmread(h, *operation("L1: vmread field=0x0")) == 9
    vmread(h, *operation("L1: vmread field=~0"))
    assert said(h, start) == ["inject vmread VIRTUAL_PROCESSOR_ID"] * 2 + ["inject vmread 0xffffffff"]


def test_one_field_at_a_time() -> None:
    with pytest.raises(Unsupported, match="one field is read at a time"):
        observe("L1: vmread every field")
