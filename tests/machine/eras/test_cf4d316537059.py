"""f4d316537059: KVM_REQ_VM_BUGGED is called KVM_REQ_VM_DEAD."""

from __future__ import annotations

import pytest

from kvmdbg.machine.eras.versions import kernel

BEFORE, AFTER = "f4d316537059^", "f4d316537059"


@pytest.mark.parametrize(("name", "called"), [(BEFORE, "VM_BUGGED"), (AFTER, "VM_DEAD")])
def test_its_name(name: str, called: str) -> None:
    assert kernel(name).request_bits()[called] == 4
    assert kernel(name).service_order()[0] == called
