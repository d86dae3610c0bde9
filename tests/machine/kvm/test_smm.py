"""SMI and RSM."""

from __future__ import annotations

import pytest

from kvm_support import EPT12, L1_PAGE, L2_PAGE, V6_12, Machine, exits, flushes, made, names, of, served
from kvmdbg.machine.hw.controls import CR0_PG
from kvmdbg.machine.kvm.events import NestedEntered, NestedExited, NestedLeft, RootFreed, SmmChanged
from kvmdbg.machine.kvm.smm import HANDLER, SMBASE

KERNELS = ("v4.15", "v5.7", "v5.8", "v5.10", "v5.13", "v5.14", "v5.16", V6_12)


@pytest.mark.parametrize("enable_ept", (True, False))
@pytest.mark.parametrize("name", ("v4.3", "v4.4", *KERNELS))
def test_l1_is_interrupted_and_goes_on(name: str, enable_ept: bool) -> None:
    m = Machine(name, enable_ept=enable_ept).given_vmx()
    m.run(f"load {L1_PAGE:#x}")
    rip, registers = m.cpu.rip, (m.cpu.cr0, m.cpu.cr3, m.cpu.cr4, m.cpu.efer)
    m.host("smi")
    events = m.run("nop")
    assert [event.entering for event in of(events, SmmChanged)] == [True]
    assert of(events, RootFreed) and flushes(events), "SMM is in the role: the root goes, and its load flushes"
    assert (m.vcpu.cr0 & CR0_PG, m.vcpu.efer, m.cpu.rip, m.cpu.descriptors.cs.base) == (0, 0, HANDLER + 1, SMBASE)
    assert (m.vcpu.vmxon, m.vcpu.smm_vmxon) == (False, True)
    events = m.run("rsm")
    assert of(events, RootFreed) and flushes(events)
    assert (m.vcpu.smm, m.vcpu.vmxon, m.vcpu.exit_to_user) == (False, True, "")
    assert (m.cpu.cr0, m.cpu.cr3, m.cpu.cr4, m.cpu.efer) == registers
    assert m.cpu.rip == rip
    m.run(f"load {L1_PAGE:#x}")


@pytest.mark.parametrize("enable_ept", (True, False))
@pytest.mark.parametrize("name", KERNELS)
def test_an_smi_in_l2_leaves_it_and_rsm_enters_it_again(name: str, enable_ept: bool) -> None:
    m = Machine(name, enable_ept=enable_ept).given_vmx()
    m.given_l2(eptp=EPT12 if enable_ept else None).enter()
    m.run(f"load {L2_PAGE:#x}")
    rip = m.cpu.rip
    m.host("smi")
    events = m.run("nop")
    assert names(of(events, NestedLeft, NestedExited)) == ["NestedLeft"]
    assert (m.vcpu.smm, m.vcpu.guest_mode, m.vcpu.smm_guest_mode) == (True, False, True)
    m.program("rsm")
    m.step_to("handle_exit")
    _, events = m.step()
    assert len(of(events, NestedEntered)) == 1
    assert m.vcpu.nested_run_pending == m.kvm.era.rsm_sets_run_pending()
    assert (m.kvm.era.nested_state_pages_request() in made(events)) == m.kvm.era.defers_pages_of_vmcs12()
    m.run("nop")
    assert (m.vcpu.guest_mode, m.cpu.rip) == (True, rip + 1)
    m.run(f"load {L2_PAGE:#x}")
    assert exits(m.run("vmcall"))[-1] == 18


def test_the_interrupted_program_waits() -> None:
    m = Machine()
    m.run("nop")
    m.program("mov rax, cr3")
    m.host("smi")
    m.step_to("guest")
    assert m.vcpu.smm and m.vcpu.program[0].text == "mov rax, cr3"


def test_an_smi_in_smm_waits_for_rsm() -> None:
    m = Machine()
    m.run("nop")
    m.host("smi")
    m.run("nop")
    m.host("smi")
    m.run("nop")
    assert m.vcpu.smi_pending and m.vcpu.smm
    events = m.run("rsm")
    assert [event.entering for event in of(events, SmmChanged)] == [False, True]
    assert served(events)[-1] == "EVENT"


def test_rsm_outside_smm_is_undefined() -> None:
    m = Machine()
    assert "ExceptionInjected" in names(m.run("rsm"))


def test_vmx_instructions_are_undefined_in_smm() -> None:
    m = Machine().given_vmx()
    m.host("smi")
    assert "ExceptionInjected" in names(m.run("vmptrst"))
