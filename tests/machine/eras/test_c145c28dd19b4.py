"""145c28dd19b4: a second VMXON."""

from __future__ import annotations

import pytest

from kvm_support import VMXON_REGION, Machine, decided, results


@pytest.mark.parametrize(("name", "result"), [("v3.1", "vmxon ok"), ("145c28dd19b4^", "vmxon ok"), ("145c28dd19b4", "vmxon 0"),
                                              ("v4.3", "vmxon 0")])
def test_the_second_vmxon(name: str, result: str) -> None:
    """VMfail 15 is VMfailInvalid while L1 has no current VMCS."""
    assert results(Machine(name).given_vmx().run(f"vmxon {VMXON_REGION:#x}")) == [result]


def test_before_it_the_pool_of_vmcs02_is_empty_afterwards() -> None:
    m = Machine("v3.2").given_vmx().given_l2(vpid=None, eptp=None)
    m.enter()
    m.run("vmcall", f"vmxon {VMXON_REGION:#x}")
    assert [answer for answer, _ in decided(m.run("vmresume"), "nested_get_current_vmcs02")] == ["no: a new one"]
