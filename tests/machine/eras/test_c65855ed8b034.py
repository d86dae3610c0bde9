"""65855ed8b034: a shadow page is synced before it is linked."""

from __future__ import annotations

from kvm_support import DATA, L2_PAGE, V4_4, V6_12, Machine, made
from kvmdbg.machine.eras.versions import kernel

BEFORE = "v6.12 -65855ed8b034"


def test_the_question() -> None:
    assert [kernel(name).syncs_before_linking() for name in (V4_4, BEFORE, V6_12)] == [False, False, True]


def test_a_table_of_ept12_that_comes_back_with_an_unsync_one_below() -> None:
    found = []
    for name in (BEFORE, V6_12):
        m = Machine(name).start()
        m.run(f"load {L2_PAGE:#x}", "vmcall")
        top = m.entry("ept12", DATA, table_level=4)
        m.set("ept12", DATA, top | 1 << 9, table_level=4)
        m.set("ept12", DATA, 0x7_0037)
        m.run("vmresume")
        found.append(made(m.run(f"load {L2_PAGE:#x}")))
    assert found == [["MMU_SYNC", "TLB_FLUSH"], ["TLB_FLUSH"]]
