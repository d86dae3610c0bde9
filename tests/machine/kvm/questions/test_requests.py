"""Mainline's answers about requests."""

from __future__ import annotations

import pytest

from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.questions.requests import NO_WAKEUP, WAIT

MAINLINE = Era()


def test_request_bits_are_those_of_v6_12() -> None:
    """A.2: arch request n is bit n + 8; TLB_FLUSH_CURRENT 26, TLB_FLUSH_GUEST 27, LOAD_MMU_PGD 5, EVENT 6."""
    bits = MAINLINE.request_bits()
    assert [bits[name] for name in ("TLB_FLUSH", "LOAD_MMU_PGD", "EVENT", "TLB_FLUSH_CURRENT", "TLB_FLUSH_GUEST", "MMU_SYNC")] == [
        0, 13, 14, 34, 35, 11]
    assert len(set(bits.values())) == len(bits)


def test_flags_belong_to_requests_that_exist() -> None:
    """A.2: TLB_FLUSH [WAIT, NO_WAKEUP], TLB_FLUSH_CURRENT none; OUTSIDE_GUEST_MODE has no bit."""
    flags = MAINLINE.request_flags()
    assert flags["TLB_FLUSH"] == (WAIT, NO_WAKEUP)
    assert "TLB_FLUSH_CURRENT" not in flags
    assert set(flags) - set(MAINLINE.request_bits()) == {"OUTSIDE_GUEST_MODE"}


def test_the_ladder_of_v6_12() -> None:
    """B.5 in full: every bit but those that other places look at."""
    order = MAINLINE.service_order()
    assert order.index("GET_NESTED_STATE_PAGES") < order.index("MMU_SYNC") < order.index("LOAD_MMU_PGD") < order.index("TLB_FLUSH")
    assert order.index("TLB_FLUSH_GUEST") < order.index("STEAL_UPDATE") < order.index("APIC_PAGE_RELOAD")
    assert set(MAINLINE.request_bits()) - set(order) == {"UNBLOCK", "EVENT", "MCLOCK_INPROGRESS"}


def test_injection_comes_before_the_root() -> None:
    assert not MAINLINE.loads_the_root_before_injecting()


# A.1 and A.2 row by row: what the releases had.
GENERIC = {"TLB_FLUSH": 0, "MIGRATE_TIMER": 1, "REPORT_TPR_ACCESS": 2, "MMU_RELOAD": 3, "TRIPLE_FAULT": 4, "PENDING_TIMER": 5,
           "UNHALT": 6, "MMU_SYNC": 7, "CLOCK_UPDATE": 8, "KICK": 9, "DEACTIVATE_FPU": 10, "EVENT": 11, "APF_HALT": 12,
           "STEAL_UPDATE": 13}
E15 = GENERIC | {"NMI": 14, "PMU": 15, "PMI": 16, "WATCHDOG": 17, "MASTERCLOCK_UPDATE": 18, "MCLOCK_INPROGRESS": 19,
                 "EPR_EXIT": 20, "SCAN_IOAPIC": 21, "GLOBAL_CLOCK_UPDATE": 22, "ENABLE_IBS": 23, "DISABLE_IBS": 24,
                 "APIC_PAGE_RELOAD": 25}


@pytest.mark.parametrize(("name", "bits"), [
    ("v3.1", GENERIC), ("v3.2", GENERIC | {"NMI": 14, "IMMEDIATE_EXIT": 15}), ("v4.3", E15 | {"SMI": 26, "HV_CRASH": 27}),
    ("v4.4", E15 | {"SMI": 26, "HV_CRASH": 27, "IOAPIC_EOI_EXIT": 28, "HV_RESET": 29})])
def test_the_flat_numbers_of_each_release(name: str, bits: dict[str, int]) -> None:
    assert kernel(name).request_bits() == bits
    assert kernel(name).request_flags() == {}


def test_v4_15_numbers_in_two_ranges_with_flags() -> None:
    """A.2, column v4.15: generic requests below 8, those of x86 from 8 on, and no request for the pages of vmcs12 yet."""
    bits, flags = kernel("v4.15").request_bits(), kernel("v4.15").request_flags()
    names = ("MIGRATE_TIMER", "REPORT_TPR_ACCESS", "TRIPLE_FAULT", "MMU_SYNC", "CLOCK_UPDATE", "", "EVENT", "APF_HALT",
             "STEAL_UPDATE", "NMI", "PMU", "PMI", "SMI", "MASTERCLOCK_UPDATE", "MCLOCK_INPROGRESS", "SCAN_IOAPIC",
             "GLOBAL_CLOCK_UPDATE", "APIC_PAGE_RELOAD", "HV_CRASH", "IOAPIC_EOI_EXIT", "HV_RESET", "HV_EXIT", "HV_STIMER")
    assert bits == {"TLB_FLUSH": 0, "MMU_RELOAD": 1, "PENDING_TIMER": 2, "UNHALT": 3} | {
        name: number for number, name in enumerate(names, 8) if name}
    assert {name: flags[name] for name in bits if name in flags} == dict.fromkeys(
        ("TLB_FLUSH", "MMU_RELOAD", "MCLOCK_INPROGRESS", "SCAN_IOAPIC", "APIC_PAGE_RELOAD"), (WAIT, NO_WAKEUP))
