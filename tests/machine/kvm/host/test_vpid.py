"""Other VMs and the bitmap of VPIDs."""

from __future__ import annotations

import pytest

from kvm_support import L2_PAGE, Machine, entered
from kvmdbg.errors import UserError
from kvmdbg.machine.hw.fields import F


@pytest.mark.parametrize("kernel", ["v4.15", "v5.8", "v6.12"])
def test_with_none_left_l2_shares_vpid01(kernel: str) -> None:
    """F: vpid02 = 0, so prepare_vmcs02() takes vpid01.  On v4.15 the vCPU has had its vpid02 since it was created."""
    m = Machine(kernel)
    m.host("vpid take all")
    m.given_vmx().given_l2()
    assert entered(m.enter())[-1] == m.vmcs02(F.VIRTUAL_PROCESSOR_ID) == (2 if kernel == "v4.15" else 1)
    m.run(f"load {L2_PAGE:#x}")
    assert m.vcpu.vpid02 == (2 if kernel == "v4.15" else 0)


def test_a_number_is_taken_and_given_back() -> None:
    m = Machine()
    m.host("vpid take 2")
    m.given_vmx()
    assert m.vcpu.vpid02 == 3
    m.host("vpid give 2")
    assert 2 not in m.kvm.vpid_bitmap
    m.host("vpid take 4")
    m.host("vpid give all")
    assert sorted(m.kvm.vpid_bitmap) == [1, 3]


@pytest.mark.parametrize(("text", "words"), [
    ("take 1", "VPID 1 is in use: vcpu0 vpid01"), ("give 1", "no other VM has VPID 1"), ("give all", "no other VM has a VPID"),
    ("take 0", "0x0 is no VPID"), ("take 65536", "0x10000 is no VPID"),
    ("lend 3", "must be take or give"), ("take some", "must be")])
def test_what_cannot_be(text: str, words: str) -> None:
    m = Machine()
    with pytest.raises(UserError, match=words):
        m.host(f"vpid {text}")
    assert m.kvm.tape.end == 0


def test_without_vpids_there_are_none_to_take() -> None:
    with pytest.raises(UserError, match="enable_vpid=0"):
        Machine(enable_vpid=False).host("vpid take 3")
