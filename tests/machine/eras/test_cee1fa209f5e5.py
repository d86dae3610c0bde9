"""ee1fa209f5e5: a fault that L1 gets syncs the address first."""

from __future__ import annotations

from kvm_support import DATA, L2_PAGE, V4_4, V6_12, Machine, made
from kvmdbg.machine.eras.versions import kernel

BEFORE = "v6.12 -85aa8889b82e -ee1fa209f5e5"


def test_the_question() -> None:
    assert [kernel(name).syncs_the_faulting_address() for name in (V4_4, BEFORE, V6_12)] == [False, False, True]


def test_a_violation_of_a_right_that_ept12_withholds() -> None:
    """L1 remaps a page read-only, with no INVEPT; L2's store is L1's to handle, and EPT02 is in step from then on."""
    found = []
    for name in (BEFORE, V6_12):
        m = Machine(name).start()
        m.set("ept12", DATA, DATA | 0x35)
        m.run(f"load {L2_PAGE:#x}", "vmcall")
        m.set("ept12", DATA, 0x7_0035)
        m.run("vmresume")
        found.append(made(m.run(f"store {L2_PAGE:#x}, 1")))
    assert "TLB_FLUSH" in found[1] and "TLB_FLUSH" not in found[0]
