"""INVPCID with shadow paging: its four types, its #GPs, and the kernels that had none."""

from __future__ import annotations

import pytest

from kvm_support import L1_PAGE, Machine, flushes, made, names, of, values
from kvmdbg.machine.hw.controls import CR4_PCIDE
from kvmdbg.machine.kvm.events import ExceptionInjected, RootFreed

OTHER_PAGE = 0x50_0000
NAMES = ("v5.7", "v5.8", "v5.13", "v5.14", "v5.16", "v6.12")


def with_pcids(name: str = "v6.12") -> Machine:
    """L1 has used its page under PCID 0 and 1, and runs with PCID 1."""
    m = Machine(name, enable_ept=False)
    m.map("L1", L1_PAGE, L1_PAGE)
    m.run(f"store {L1_PAGE:#x}, 5", f"mov cr4, {m.vcpu.cr4 | CR4_PCIDE:#x}", f"load {L1_PAGE:#x}", "mov cr3, 0x1001",
          f"load {L1_PAGE:#x}")
    return m


def vectors(events: list[object]) -> list[str]:
    return [event.vector for event in of(events, ExceptionInjected)]


@pytest.mark.parametrize("text", ["invpcid 4 0", "invpcid single-context 0x1000", "invpcid individual-address 0 0x800000000000"])
def test_an_illegal_one_is_a_general_protection_fault(text: str) -> None:
    assert vectors(with_pcids().run(text)) == ["#GP"]


@pytest.mark.parametrize("kind", ["single-context", "individual-address"])
def test_without_pcids_only_pcid_0_has_anything(kind: str) -> None:
    m = Machine(enable_ept=False)
    assert vectors(m.run(f"invpcid {kind} 1 0")) == ["#GP"] and not vectors(m.run(f"invpcid {kind} 0 0"))


@pytest.mark.parametrize("name", NAMES)
def test_an_address_of_a_pcid(name: str) -> None:
    m = with_pcids(name)
    m.map("L1", L1_PAGE, OTHER_PAGE)
    events = m.run(f"invpcid individual-address 1 {L1_PAGE:#x}")
    assert f"invvpid individual-address 1 @{L1_PAGE:#x}" in flushes(events) and m.stat("invlpg") == 1
    assert values(m.run(f"load {L1_PAGE:#x}")) == [0]


def test_an_address_of_a_pcid_that_no_root_has_flushes_nothing() -> None:
    m = with_pcids()
    assert not flushes(m.run(f"invpcid individual-address 9 {L1_PAGE:#x}")) and m.stat("invlpg") == 1


@pytest.mark.parametrize("name", NAMES)
def test_the_current_pcid_is_synced_and_flushed(name: str) -> None:
    m = with_pcids(name)
    m.map("L1", L1_PAGE, OTHER_PAGE)
    m.run("invpcid single-context 1")
    assert values(m.run(f"load {L1_PAGE:#x}")) == [0]


def test_another_pcid_loses_its_cached_roots() -> None:
    events = with_pcids().run("invpcid single-context 0")
    assert "RootFreed" in names(events) and not made(events)


@pytest.mark.parametrize(("name", "asked"), [("v6.12", "TLB_FLUSH_GUEST"), ("v5.14", "TLB_FLUSH_GUEST"), ("v5.7", "")])
@pytest.mark.parametrize("kind", ["all-context", "all-context-including-globals"])
def test_all_of_them(name: str, asked: str, kind: str) -> None:
    m = with_pcids(name)
    m.map("L1", L1_PAGE, OTHER_PAGE)
    events = m.run(f"invpcid {kind}")
    assert made(events)[:1] == [asked] if asked else of(events, RootFreed)
    assert values(m.run(f"load {L1_PAGE:#x}")) == [0]


@pytest.mark.parametrize("name", ["v4.3", "v4.15"])
def test_before_v4_19_it_does_not_exist_without_ept(name: str) -> None:
    m = Machine(name, enable_ept=False)
    assert vectors(m.run("invpcid single-context 0")) == ["#UD"]
