"""0baedd792713: KVM_REQ_HV_TLB_FLUSH."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from kvmdbg.machine.eras.versions import kernel

BEFORE, AFTER = "0baedd792713^", "0baedd792713"


def test_the_bit() -> None:
    assert [kernel(name).request_bits().get("HV_TLB_FLUSH") for name in (BEFORE, AFTER)] == [None, 34]


def test_what_cannot_be_without_it_is_refused() -> None:
    with pytest.raises(UserError, match="07ffaf343e34 needs 0baedd792713"):
        kernel("v5.14 -0baedd792713")
