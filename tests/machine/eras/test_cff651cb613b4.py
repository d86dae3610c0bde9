"""ff651cb613b4: MSR lists of vmcs12."""

from __future__ import annotations

import pytest

from kvm_support import Machine, results


@pytest.mark.parametrize(("name", "result"), [("v3.1", ["vmlaunch 7"]), ("ff651cb613b4^", ["vmlaunch 7"]), ("ff651cb613b4", [])])
@pytest.mark.parametrize("which", ["ENTRY_MSR_LOAD", "EXIT_MSR_STORE", "EXIT_MSR_LOAD"])
def test_any_list_was_a_bad_control(name: str, result: list[str], which: str) -> None:
    m = Machine(name).given_vmx().given_l2(vpid=None, eptp=None, **{f"VM_{which}_COUNT": 1, f"VM_{which}_ADDR": 0xA000})
    m.poke(0xA000, 0x174)
    assert results(m.enter()) == result
