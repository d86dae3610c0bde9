"""084071d5e922: KVM_REQ_PENDING_TIMER is called KVM_REQ_UNBLOCK."""

from __future__ import annotations

import pytest

from kvmdbg.machine.eras.versions import kernel

BEFORE, AFTER = "084071d5e922^", "084071d5e922"


@pytest.mark.parametrize(("name", "called"), [(BEFORE, "PENDING_TIMER"), (AFTER, "UNBLOCK")])
def test_its_name(name: str, called: str) -> None:
    assert kernel(name).request_bits()[called] == 2
