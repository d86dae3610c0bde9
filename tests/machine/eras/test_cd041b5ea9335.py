"""d041b5ea9335: vmcs12 has the TSC multiplier."""

from __future__ import annotations

import pytest

from kvm_support import pointed, results


@pytest.mark.parametrize(("name", "ends"), [("v5.13", "12"), ("v5.14", "ok"), ("v6.12", "ok"), ("v6.12 -d041b5ea9335", "12")])
def test_vmread_and_vmwrite(name: str, ends: str) -> None:
    m = pointed(name, vpid=None)
    assert results(m.run("vmwrite TSC_MULTIPLIER, 1", "vmread TSC_MULTIPLIER")) == [f"vmwrite {ends}", f"vmread {ends}"]
