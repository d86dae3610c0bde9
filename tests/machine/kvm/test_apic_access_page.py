"""L1's own APIC-access page: accesses exit, the page moves, the APIC's mode changes (kvm.md D, I-21)."""

from __future__ import annotations

from typing import Any

import pytest

from kvm_support import L1_PAGE, Machine, decided, exits, flushes, made, of, served, since, values
from kvmdbg.errors import Unsupported, UserError
from kvmdbg.machine.boot import boot
from kvmdbg.machine.eras.versions import VERSIONS, kernel
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.state import Caps
from kvmdbg.machine.kvm.apic_access_page import APIC_DEFAULT_PHYS_BASE, APIC_GFN, RESET_VALUE
from kvmdbg.machine.kvm.events import ExceptionInjected
from kvmdbg.machine.kvm.kvm_host import kvm_clear_request
from kvmdbg.machine.kvm.state import Config

ALL = tuple(version.name for version in VERSIONS)
RELOADING = tuple(name for name in ALL if not kernel(name).pins_the_apic_access_page())
SWITCHING = tuple(name for name in ALL if kernel(name).virtual_apic_has_three_modes())
LOAD = f"load {L1_PAGE:#x}"
TO_X2APIC, TO_DISABLED, TO_XAPIC = "wrmsr 0x1b, 0xfee00d00", "wrmsr 0x1b, 0xfee00100", "wrmsr 0x1b, 0xfee00900"
SET_ADDRESS = "vmx_set_apic_access_page_addr"


def given(name: str = "v6.12", **config: Any) -> Machine:
    """L1 has mapped its local APIC at L1_PAGE."""
    m = Machine(name, nested=False, apic_access_page=True, **config)
    m.map("L1", L1_PAGE, APIC_DEFAULT_PHYS_BASE)
    return m


def address(m: Machine) -> int:
    """APIC_ACCESS_ADDR of vmcs01."""
    return int(m.kvm.hw.vmcs[m.kvm.vmcs01(m.vcpu), F.APIC_ACCESS_ADDR])


@pytest.mark.parametrize("ept", [True, False])
@pytest.mark.parametrize("name", ALL)
def test_an_access_of_l1_exits_with_reason_44(name: str, ept: bool) -> None:
    m = given(name, enable_ept=ept)
    m.cpu.rax = 7
    assert exits(m.run(LOAD))[-1] == exits(m.run(LOAD))[-1] == exits(m.run(f"store {L1_PAGE:#x}, 1"))[-1] == 44
    assert m.cpu.rax == 0 and address(m) == m.kvm.pages[APIC_GFN]


@pytest.mark.parametrize("name", RELOADING)
def test_a_moved_page_is_reloaded_at_the_next_entry_behind_the_flush(name: str) -> None:
    m = given(name)
    m.run(LOAD)
    old = address(m)
    assert sorted(made(m.host("unmap 0xfee00"))) == ["APIC_PAGE_RELOAD", "TLB_FLUSH"] and address(m) == old
    events = m.run(LOAD)
    assert served(events) == ["TLB_FLUSH", "APIC_PAGE_RELOAD"]
    assert exits(events)[-1] == 44 and address(m) == m.kvm.pages[APIC_GFN] != old


@pytest.mark.parametrize("name", [name for name in ALL if name not in RELOADING])
def test_a_pinned_page_does_not_move(name: str) -> None:
    m = given(name)
    m.run(LOAD)
    for text in ("unmap 0xfee00", "change-pte 0xfee00"):
        with pytest.raises(UserError, match="has pinned"):
            m.host(text)
    assert m.pending() == [] and exits(m.run(LOAD)) == [44]


@pytest.mark.parametrize(("name", "answer"), [("fb6c81984313^", "no"), ("fb6c81984313", "yes"), ("v4.15", "yes"), ("v5.7", "yes"),
                                              ("v5.10", "yes"), ("878940b33d76^", "yes"), ("878940b33d76", "no"), ("v6.12", "no")])
def test_the_reload_flushes_from_v4_12_to_v6_4(name: str, answer: str) -> None:
    """I-21."""
    m = given(name)
    m.run(LOAD)
    m.host("unmap 0xfee00")
    events = m.run(LOAD)
    assert [said for said, _ in decided(events, SET_ADDRESS)] == ["yes", answer]
    assert flushes(events)[-1] in (f"invept single-context {m.tag():#x}", "invept all-context")
    assert len(flushes(events)) >= (2 if answer == "yes" else 1)


def test_without_ept_the_first_of_these_kernels_do_not_flush() -> None:
    """a468f2dbf921: vmx_flush_tlb_ept_only()."""
    for name, answer in (("v4.15", "no"), ("a468f2dbf921^", "no"), ("a468f2dbf921", "yes")):
        m = given(name, enable_ept=False)
        m.run(LOAD)
        m.host("unmap 0xfee00")
        assert decided(m.run(LOAD), SET_ADDRESS)[-1][0] == answer


def test_between_v4_14_and_v4_15_the_guest_reaches_memory_behind_its_apic() -> None:
    """b1394e745b94: vmcs01 goes on naming the frame that the page has lost, so an access to the new one is none to the APIC."""
    m = given("b1394e745b94^")
    m.run(LOAD)
    assert made(m.host("unmap 0xfee00")) == ["TLB_FLUSH"]
    events = m.run(LOAD)
    assert 44 not in exits(events) and values(events) == [0] and address(m) != m.kvm.pages[APIC_GFN]


def test_the_request_comes_before_the_flush_since_v6_5() -> None:
    for name, first in (("0a8a5f2c8c26^", "TLB_FLUSH"), ("0a8a5f2c8c26", "APIC_PAGE_RELOAD")):
        m = given(name)
        m.run(LOAD)
        assert made(m.host("unmap 0xfee00"))[0] == first


def test_the_move_of_another_page_asks_for_no_reload() -> None:
    m = given()
    m.run(LOAD)
    assert "APIC_PAGE_RELOAD" not in made(m.host("unmap 0x1"))


# -- the mode ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ept", [True, False])
@pytest.mark.parametrize("name", SWITCHING)
def test_outside_xapic_mode_the_page_is_memory_and_back_in_it_a_flush_brings_the_exits(name: str, ept: bool) -> None:
    m = given(name, enable_ept=ept)
    events = m.run(TO_X2APIC, LOAD)
    assert 44 not in exits(events) and values(events) == [0]
    events = m.run(TO_DISABLED, LOAD)
    assert exits(events) == [32] and values(events) == [0] and flushes(events) == []
    events = m.run(TO_XAPIC)
    asked = kernel(name).apic_mode_switch_makes_requests()
    assert made(events) == (["APIC_PAGE_RELOAD", "TLB_FLUSH_CURRENT"] if asked else [])
    tag = f"invept single-context {m.tag():#x}" if ept else f"invvpid single-context {m.vcpu.vpid}"
    assert set(flushes(events + m.run(LOAD))) == {tag}
    assert exits(m.run(LOAD)) == [44]


def test_a_kernel_without_that_request_asks_for_a_flush_of_all() -> None:
    m = given("v6.12 -eeeb4f67a6cd -2b4a5a5d5688 -a91a7c709600")
    m.run(TO_DISABLED, LOAD)
    assert made(m.run(TO_XAPIC)) == ["APIC_PAGE_RELOAD", "TLB_FLUSH"] and exits(m.run(LOAD)) == [44]


def test_without_that_flush_a_translation_from_before_misses_the_page() -> None:
    m = given()
    m.run(TO_DISABLED, LOAD)
    m.program(TO_XAPIC, LOAD)
    while "TLB_FLUSH_CURRENT" not in m.pending():
        m.step()
    kvm_clear_request(m.kvm, m.vcpu, "TLB_FLUSH_CURRENT", "a test")
    events = m.run()
    events += m.step_to("never")
    assert "APIC_PAGE_RELOAD" in served(events) and 44 not in exits(events) and values(events) == [0]


@pytest.mark.parametrize(("name", "answers"), [("v5.7", ["yes", "yes"]), ("v5.10", ["no"]), ("v6.12", ["no"])])
def test_a_page_that_moves_outside_xapic_mode_is_not_written_since_v5_8(name: str, answers: list[str]) -> None:
    m = given(name)
    m.run(LOAD, TO_DISABLED)
    m.host("unmap 0xfee00")
    assert [said for said, _ in decided(m.run(LOAD), SET_ADDRESS)] == answers
    assert exits(m.run(TO_XAPIC, LOAD))[-1] == 44 and address(m) == m.kvm.pages[APIC_GFN]


def test_the_register_reads_back() -> None:
    m = given()
    m.run("rdmsr 0x1b")
    assert m.cpu.rax == RESET_VALUE
    m.run(TO_X2APIC, "rdmsr 0x1b")
    assert m.cpu.rax == 0xFEE0_0D00
    assert made(m.run("wrmsr 0x1b, 0xfee00c00")) == []


@pytest.mark.parametrize("texts", [("wrmsr 0x1b, 0xfee00500",), ("wrmsr 0x1b, 0xfee00901",), ("wrmsr 0x1b, 0x10000000fee00900",),
                                   (TO_DISABLED, TO_X2APIC), (TO_X2APIC, TO_XAPIC)])
def test_a_mode_that_cannot_be_reached_is_gp(texts: tuple[str, ...]) -> None:
    m = given()
    *before, last = texts
    m.run("nop", *before)
    assert [event.vector for event in of(m.run(last), ExceptionInjected)] == ["#GP"]


def test_another_address_and_a_mode_without_a_control_are_refused() -> None:
    for name, text, why in (("v6.12", "wrmsr 0x1b, 0xfed00900", "at another address"), ("v4.15", TO_X2APIC, "v4.15 leaves")):
        m = given(name)
        m.run(LOAD)
        m.program(text)
        with pytest.raises(Unsupported, match=why):
            m.step_to("never")


# -- reset, and machines that have none ----------------------------------------------------------------------------


def test_init_and_a_reset_reload_the_page() -> None:
    m = given()
    m.run(LOAD)
    assert "APIC_PAGE_RELOAD" in made(m.host("init"))
    m = given()
    m.run(LOAD, TO_X2APIC)
    assert {"APIC_PAGE_RELOAD", "TLB_FLUSH_CURRENT"} <= set(made(m.host("reset")))
    assert m.kvm.apic_base[0] == RESET_VALUE
    assert "APIC_PAGE_RELOAD" not in made(given().host("reset"))


def test_the_slot_is_kvms_own() -> None:
    with pytest.raises(UserError, match="is KVM's own"):
        given().host("memslot delete 0xfee00")
    with pytest.raises(UserError, match="has memory already"):
        given().host("memslot create 0xfee00 1")


@pytest.mark.parametrize(("config", "caps", "error", "why"), [
    (Config(apic_access_page=True), Caps(), Unsupported, "together with nested"),
    (Config(apic_access_page=True, nested=False), Caps(apic_accesses=False), UserError, "needs a processor"),
    (Config(apic_access_page=True, nested=False, memory=0x1_0000_0000), Caps(), UserError, "reaches the local APIC"),
])
def test_machines_that_cannot_have_one(config: Config, caps: Caps, error: type[Exception], why: str) -> None:
    with pytest.raises(error, match=why):
        boot(kernel("v6.12"), config, caps)


@pytest.mark.parametrize("name", since("v4.4"))
def test_without_the_option_the_request_finds_nothing_to_do(name: str) -> None:
    m = Machine(name)
    m.run("nop")
    m.host("request APIC_PAGE_RELOAD")
    assert decided(m.run("nop"), SET_ADDRESS) == [("no", "no APIC-access page: flexpriority is off")]
