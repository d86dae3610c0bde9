"""36be0b9deb23: vmcs12 has IA32_BNDCFGS of L2."""

from __future__ import annotations

import pytest

from kvm_support import pointed, results


@pytest.mark.parametrize(("name", "ends"), [("v3.2", "12"), ("v4.3", "ok"), ("v6.12", "ok"), ("v6.12 -36be0b9deb23", "12")])
def test_vmread_and_vmwrite(name: str, ends: str) -> None:
    m = pointed(name, vpid=None)
    assert results(m.run("vmwrite GUEST_BNDCFGS, 1", "vmread GUEST_BNDCFGS")) == [f"vmwrite {ends}", f"vmread {ends}"]
