"""Writes to control registers (D)."""

from __future__ import annotations

import pytest

from kvm_support import KERNELS, L1_PAGE, V4_3, V4_4, V6_12, Machine, made, of
from kvmdbg.machine.hw.tlbkey import COMBINED
from kvmdbg.machine.kvm import control_registers
from kvmdbg.machine.kvm.events import ExceptionInjected, RootAllocated

CR4 = 0x20A0                  # PAE, PGE, VMXE
PGE, SMEP, SMAP, PCIDE, DE = 1 << 7, 1 << 20, 1 << 21, 1 << 17, 1 << 3


def running(name: str = V6_12) -> Machine:
    m = Machine(name)
    m.map("L1", L1_PAGE, L1_PAGE)
    m.run(f"load {L1_PAGE:#x}")
    return m


@pytest.mark.parametrize(("name", "reset"), [(V4_3, True), (V4_4, True), ("v6.12 -fb509f76acc8", False)])
def test_cr0_wp(name: str, reset: bool) -> None:
    m = running(name)
    events = m.run("mov cr0, 0x80040033")
    assert bool(of(events, RootAllocated)) == reset
    assert made(events) == []


@pytest.mark.parametrize(("old", "new", "requested", "reset"), [
    (CR4, CR4 | SMEP, ["TLB_FLUSH_CURRENT"], True), (CR4 | SMEP, CR4, [], True), (CR4, CR4 | SMAP, [], True),
    (CR4, CR4 | DE, [], False), (CR4, CR4 & ~PGE | DE, ["TLB_FLUSH_GUEST"], False),
    (CR4, CR4 & ~PGE | SMEP, ["TLB_FLUSH_GUEST"], True), (CR4, CR4 | PCIDE, [], False),
    (CR4 | PCIDE, CR4, ["TLB_FLUSH_GUEST"], False)])
def test_cr4_on_v6_12(old: int, new: int, requested: list[str], reset: bool) -> None:
    m = running()
    m.run(f"mov cr4, {old:#x}")
    events = m.run(f"mov cr4, {new:#x}")
    assert (made(events), bool(of(events, RootAllocated))) == (requested, reset)


@pytest.mark.parametrize("name", [V4_3, V4_4, "v5.14"])
@pytest.mark.parametrize(("old", "new", "reset"), [
    (CR4, CR4 & ~PGE | DE, True), (CR4, CR4 | SMEP, True), (CR4, CR4 | DE, False), (CR4, CR4 | PCIDE, False),
    (CR4 | PCIDE, CR4, True)])
def test_cr4_before_v5_16_flushes_by_resetting_the_mmu(name: str, old: int, new: int, reset: bool) -> None:
    m = running(name)
    m.run(f"mov cr4, {old:#x}")
    events = m.run(f"mov cr4, {new:#x}")
    assert (made(events), bool(of(events, RootAllocated))) == ([], reset)


@pytest.mark.parametrize("name", KERNELS)
def test_pge_alone_is_the_guests_own_and_the_processor_flushes(name: str) -> None:
    m = running(name)
    events = m.run(f"mov cr4, {CR4 & ~PGE:#x}")
    assert (made(events), m.cached(COMBINED, L1_PAGE)) == ([], [])


def test_a_change_is_measured_from_what_the_guest_has_not_from_what_kvm_saw_last() -> None:
    """The guest clears PGE without an exit; then it sets PGE and DE: PGE has changed, so its view is flushed."""
    m = running()
    m.run(f"mov cr4, {CR4 & ~PGE:#x}")
    assert made(m.run(f"mov cr4, {CR4 | DE:#x}")) == ["TLB_FLUSH_GUEST"]
    m.run(f"mov cr4, {CR4 & ~PGE | DE:#x}")
    assert made(m.run(f"mov cr4, {CR4 & ~PGE:#x}")) == []


def test_reserved_bits_of_cr0_are_ignored_and_et_stays() -> None:
    m = running()
    assert control_registers.kvm_set_cr0(m.kvm, m.vcpu, 0x8005_0023 | 1 << 7)
    assert m.vcpu.cr0 == 0x8005_0033


def test_pcide_needs_pcid_0() -> None:
    m = running()
    m.run("mov cr3, 0x1005")
    assert [event.vector for event in of(m.run(f"mov cr4, {CR4 | PCIDE:#x}"), ExceptionInjected)] == ["#GP"]
