"""7a35e515a705: an operand of a VMX instruction outside memory is user space's affair."""

from __future__ import annotations

import pytest

from kvm_support import exceptions, pointed
from kvmdbg.machine.hw.paging import RW, P

LA = 0x40_1000


@pytest.mark.parametrize("insn", ["vmptrld", "vmptrst", "vmread GUEST_RIP,", "vmwrite GUEST_RIP,", "invept all-context"])
@pytest.mark.parametrize(("name", "reported"), [("v4.15", False), ("v5.7", False), ("v5.8", True), ("v6.12", True),
                                                ("v6.12 -7a35e515a705", False)])
def test_what_becomes_of_it(name: str, reported: bool, insn: str) -> None:
    if name == "v4.15" and insn.startswith("vmread"):
        return                                                   # it was not noticed at all (f7eea636c3d5)
    m = pointed(name)
    m.map("L1", LA, 0x6000_0000)
    m.set("L1", LA, 0x6000_0000 | P | RW)
    assert exceptions(m.run(f"{insn} @{LA:#x}")) == ([] if reported else [("#PF", 0)])
    assert m.vcpu.exit_to_user.startswith("KVM_EXIT_INTERNAL_ERROR (operand of") is reported
