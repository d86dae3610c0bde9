"""966eefb89657: vmcs02 does without posted interrupts where L1's descriptor is no memory."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw.controls import PIN_POSTED_INTERRUPTS
from kvmdbg.machine.hw.fields import F
from posted_support import posting

BEFORE, AFTER = "966eefb89657^", "966eefb89657"


@pytest.mark.parametrize(("name", "drops"), [(BEFORE, False), (AFTER, True), ("v6.12", True)])
def test_a_descriptor_that_is_no_memory(name: str, drops: bool) -> None:
    m = posting(name, POSTED_INTR_DESC_ADDR=0x4_0000_0040)
    m.run("vmlaunch")
    assert m.vcpu.guest_mode and bool(m.vmcs02(F.PIN_BASED_VM_EXEC_CONTROL) & PIN_POSTED_INTERRUPTS) is not drops
