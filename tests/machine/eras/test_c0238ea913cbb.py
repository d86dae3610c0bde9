"""0238ea913cbb: vmcs12 has the value of the preemption timer."""

from __future__ import annotations

import pytest

from kvm_support import pointed, results


@pytest.mark.parametrize(("name", "ends"), [("v3.2", "12"), ("v4.3", "ok"), ("v6.12", "ok"), ("v6.12 -0238ea913cbb", "12")])
def test_vmread_and_vmwrite(name: str, ends: str) -> None:
    m = pointed(name, vpid=None)
    events = m.run("vmwrite VMX_PREEMPTION_TIMER_VALUE, 1", "vmread VMX_PREEMPTION_TIMER_VALUE")
    assert results(events) == [f"vmwrite {ends}", f"vmread {ends}"]
