"""What INIT and a reset by user space do to a vCPU, and what they flush."""

from __future__ import annotations

import pytest

from kvm_support import L1_PAGE, Machine, flushes, made, names
from kvmdbg.machine.hw.controls import CR0_CD, CR0_ET, CR0_NW, CR4_PAE
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm.reset import RESET_RIP

PAGES = 0x9000


def given(kernel: str) -> Machine:
    """L1 with a translation in the TLB, out of VMX operation."""
    m = Machine(kernel).given_vmx()
    m.run(f"load {L1_PAGE:#x}", "vmxoff")
    m.host("steal-time 0x7000")
    m.run("nop")
    return m


@pytest.mark.parametrize(("kernel", "requests", "frees_roots", "cr3", "cd_nw"), [
    ("v4.3", [], False, True, True), ("v4.15", [], False, True, True), ("v5.7", [], False, True, True),
    ("v5.13", [], False, True, True), ("v5.14", [], True, True, True), ("v5.16", ["TLB_FLUSH_GUEST"], True, False, False),
    ("v6.12", ["TLB_FLUSH_GUEST"] * 2, True, False, False)])
def test_init(kernel: str, requests: list[str], frees_roots: bool, cr3: bool, cd_nw: bool) -> None:
    """kvm.md D, row vcpu reset/INIT: the hook is INVVPID of vpid01 on every kernel."""
    m = given(kernel)
    kept = m.cpu.cr3
    events = m.host("init")
    assert [name for name in made(events) if name.startswith("TLB")] == requests
    assert ("RootFreed" in names(events)) is frees_roots and flushes(events) == ["invvpid single-context 1"]
    assert m.vcpu.cr0 == CR0_ET | (CR0_CD | CR0_NW if cd_nw else 0) and m.vcpu.efer == m.vcpu.cr4 == m.vcpu.steal_time == 0
    events = m.run("nop")
    assert "VmEntered" in names(events) and m.cpu.rip == 0x1_0000 - 0xF and m.cpu.descriptors.cs.base == 0xFFFF_0000
    assert m.cpu.cr3 == (kept if cr3 else 0) and m.cached("combined", L1_PAGE) == []


def test_the_guest_goes_on_in_real_mode_and_comes_back() -> None:
    m = given("v6.12")
    boot = m.vcpu.cr0, m.cpu.cr3, m.vcpu.cr4, m.vcpu.efer
    m.host("init")
    m.poke(PAGES, 7)
    m.run(f"load {PAGES:#x}")
    assert m.cpu.rax == 7 and m.cached("combined", PAGES) == [(1, m.tag())]       # no paging: the address is the page's own
    m.host(f"set-sregs CR0={boot[0]:#x} CR3={boot[1]:#x} CR4={boot[2] | CR4_PAE:#x} EFER={boot[3]:#x}")
    m.run("nop")
    assert m.cpu.cr0 >> 31 and m.cpu.cr3 == boot[1]


@pytest.mark.parametrize(("kernel", "stays"), [("v3.1", True), ("v4.4", False), ("v5.8", False), ("v6.12", False)])
def test_a_reset_by_user_space_leaves_vmx_operation(kernel: str, stays: bool) -> None:
    m = Machine(kernel).given_vmx()
    m.run(f"load {L1_PAGE:#x}")
    m.host("reset")
    assert m.vcpu.vmxon is stays and m.kvm.hw.vmcs[m.kvm.vmcs01(m.vcpu), F.GUEST_RIP] == RESET_RIP
    m.run("nop")
    assert m.cached("combined", L1_PAGE) == []
