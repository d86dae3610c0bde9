"""72add915fbd5: vmcs12 has the ENCLS-exiting bitmap."""

from __future__ import annotations

import pytest

from kvm_support import pointed, results


@pytest.mark.parametrize(("name", "ends"), [("v5.10", "12"), ("v5.13", "ok"), ("v6.12", "ok"), ("v6.12 -72add915fbd5", "12")])
def test_vmread_and_vmwrite(name: str, ends: str) -> None:
    m = pointed(name, vpid=None)
    assert results(m.run("vmwrite ENCLS_EXITING_BITMAP, 1", "vmread ENCLS_EXITING_BITMAP")) == [f"vmwrite {ends}", f"vmread {ends}"]
