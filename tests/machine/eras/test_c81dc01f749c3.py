"""81dc01f749c3: vmcs12 has the XSS-exiting bitmap."""

from __future__ import annotations

import pytest

from kvm_support import pointed, results


@pytest.mark.parametrize(("name", "ends"), [("v3.2", "12"), ("v4.3", "ok"), ("v6.12", "ok"), ("v6.12 -81dc01f749c3", "12")])
def test_vmread_and_vmwrite(name: str, ends: str) -> None:
    m = pointed(name, vpid=None)
    assert results(m.run("vmwrite XSS_EXIT_BITMAP, 1", "vmread XSS_EXIT_BITMAP")) == [f"vmwrite {ends}", f"vmread {ends}"]
