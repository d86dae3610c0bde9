"""2387149eade2: architecture requests get numbers of their own."""

from __future__ import annotations

from kvm_support import V4_4, Machine
from kvmdbg.machine.eras.c2387149eade2 import FLAT_BITS
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.kvm.request import ladder

BEFORE = "2387149eade2^"
AFTER = "2387149eade2"


def test_the_flat_numbering() -> None:
    """A.1, extended column: TLB_FLUSH 0, MMU_SYNC 7, EVENT 11, NMI 14, PMU 15, APIC_PAGE_RELOAD 25."""
    assert [FLAT_BITS[name] for name in ("TLB_FLUSH", "MMU_RELOAD", "MMU_SYNC", "EVENT", "NMI", "PMU", "APIC_PAGE_RELOAD")] == [
        0, 3, 7, 11, 14, 15, 25]
    assert sorted(FLAT_BITS.values()) == [bit for bit in range(32) if bit != 10]


def test_the_questions() -> None:
    assert [kernel(name).request_bits()["MMU_SYNC"] for name in (BEFORE, AFTER)] == [7, 11]
    assert kernel(BEFORE).request_flags() == {}
    assert kernel(AFTER).request_flags()["TLB_FLUSH"]


def test_the_ladder_has_no_request_by_scope() -> None:
    """B.3."""
    order = ladder(kernel(BEFORE))
    assert order[0] == "MMU_RELOAD"
    assert order[order.index("MMU_SYNC") + 1] == "TLB_FLUSH"
    assert order[-2:] == ("HV_STIMER", "EVENT")


def test_the_bits_show_in_requests() -> None:
    for name, bit in ((V4_4, 11), (AFTER, 14)):
        m = Machine(name)
        m.run("nop")
        m.program("vmlaunch")                            # #UD, to be injected
        m.step_to("vcpu_enter_guest")
        assert m.vcpu.requests == 1 << bit
