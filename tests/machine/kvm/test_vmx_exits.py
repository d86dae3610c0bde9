"""Handling a VM exit on Intel."""

from __future__ import annotations

from typing import Any

import pytest

from kvm_support import KERNELS, L2_PAGE, V4_3, V4_4, V6_12, Machine, exits, flushes, made, of, without
from kvmdbg.machine.hw.controls import CPU_CR3_LOAD_EXITING, CPU_SECONDARY_CONTROLS
from kvmdbg.machine.hw.events import Delivered
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.tlbkey import COMBINED
from kvmdbg.machine.kvm.events import ExceptionInjected, ExitHandled
from kvmdbg.machine.kvm.vmx_exits import ENOSYS, HANDLERS, WITHOUT_NESTED

VMX_INSTRUCTIONS = ("vmxon 0x3000", "vmxoff", "vmclear 0x5000", "vmptrld 0x5000", "vmptrst", "vmread GUEST_CR3",
                    "vmwrite GUEST_CR3, 1", "vmlaunch", "vmresume", "invept all-context", "invvpid all-context")


def running(name: str = V6_12, **config: Any) -> Machine:
    m = Machine(name, **config)
    m.run("nop")
    return m


@pytest.mark.parametrize("name", KERNELS)
def test_every_exit_is_looked_at(name: str) -> None:
    m = running(name)
    assert of(m.run("cpuid"), ExitHandled) == [ExitHandled(0, 1, 10, 0)]


def test_vmcall_is_no_hypercall_that_kvm_knows() -> None:
    m = running()
    m.run("vmcall")
    assert m.cpu.rax == ENOSYS


def test_hlt_puts_the_vcpu_to_sleep_after_the_instruction() -> None:
    m = running()
    m.run("hlt")
    assert (m.vcpu.mp_state, m.vcpu.program) == ("HALTED", ())


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("insn", VMX_INSTRUCTIONS)
def test_without_nested_every_vmx_instruction_is_undefined(name: str, insn: str) -> None:
    m = running(name, nested=False)
    m.poke(0x3000, 0x11E5_7ED0)
    events = m.run(insn)
    assert [event.vector for event in of(events, ExceptionInjected)] == ["#UD"]
    assert (m.vcpu.vmxon, m.vcpu.program) == (False, ())


def test_the_handlers_that_go_without_nested_are_those_of_vmx() -> None:
    assert len(WITHOUT_NESTED) == len(VMX_INSTRUCTIONS)
    assert set(WITHOUT_NESTED) <= set(HANDLERS)


@pytest.mark.parametrize("insn", ["mov cr0, 0x80000010", "mov cr0, 0x11", "mov cr0, 0x100000000", "mov cr0, 0x20000011",
                                  "mov cr4, 0x2080", "mov cr4, 0x4020a0", "mov cr4, 0x30a0", "mov cr4, -1"])
def test_an_illegal_control_register_is_a_general_protection_fault(insn: str) -> None:
    """PG without PE; PG off in 64-bit mode; bits above 32; NW without CD; PAE off; PKE and LA57, not offered."""
    m = running()
    before = (m.vcpu.cr0, m.vcpu.cr4)
    events = m.run(insn)
    assert [event.vector for event in of(events, Delivered)] == [13]
    assert ((m.vcpu.cr0, m.vcpu.cr4), m.vcpu.exit_to_user) == (before, "")


@pytest.mark.parametrize("name", KERNELS)
def test_in_vmx_operation_fixed_bits_stay(name: str) -> None:
    m = Machine(name).given_vmx()
    for insn in ("mov cr0, 0x80050013", "mov cr4, 0xa0"):
        assert [event.vector for event in of(m.run(insn), Delivered)] == [13]
    assert len(of(running(name).run("mov cr0, 0x80050013", "mov cr4, 0xa0"), Delivered)) == 0


@pytest.mark.parametrize("name", KERNELS)
def test_l2_changes_of_cr0_only_what_l1_left_it(name: str) -> None:
    """vmx.c: handle_set_cr0(): L1 owns WP and keeps it at 1, while L2 reads the 0 that it wrote."""
    m = Machine(name).given_vmx().given_l2(CR0_GUEST_HOST_MASK=1 << 16, GUEST_CR0=0x8005_0033, CR0_READ_SHADOW=0x8004_0033)
    m.enter()
    m.run("mov cr0, 0x80000033", "mov rax, cr0")
    assert (m.vcpu.guest_mode, m.cpu.rax) == (True, 0x8000_0033)
    assert m.cpu.cr0 & 1 << 16
    m.run("vmcall")
    assert m.vmread("GUEST_CR0") & (1 << 18 | 1 << 16) == 1 << 16


@pytest.mark.parametrize("name", KERNELS)
def test_l2_changes_of_cr4_only_what_l1_left_it(name: str) -> None:
    """L1 owns PGE and keeps it at 1; L2, which reads 0, sets SMEP."""
    m = Machine(name).given_vmx().given_l2(CR4_GUEST_HOST_MASK=0x80, GUEST_CR4=0x20A0, CR4_READ_SHADOW=0x2020)
    m.enter()
    m.run("mov cr4, 0x102020", "mov rax, cr4")
    assert (m.vcpu.guest_mode, m.cpu.rax, m.cpu.cr4 & 0x10_0080) == (True, 0x10_2020, 0x10_0080)


@pytest.mark.parametrize("name", KERNELS)
def test_an_illegal_value_of_l2_is_l2s_own_fault(name: str) -> None:
    m = Machine(name).start()
    assert [event.vector for event in of(m.run("mov cr4, 0x2080"), Delivered)] == [13]
    assert m.vcpu.guest_mode


# -- MOV CR3 of L2, handled by L0: L1 intercepts it, but for a CR3-target value (0, as vmcs12 has no members for them) ----


def with_target(name: str, vpid: int | None = 1) -> Machine:
    controls = CPU_SECONDARY_CONTROLS | CPU_CR3_LOAD_EXITING
    m = Machine(without(name, "c7c2c709b60e")).given_vmx()
    m.given_l2(vpid=vpid, CPU_BASED_VM_EXEC_CONTROL=controls, CR3_TARGET_COUNT=1)
    m.map("ept12", 0, 0, root=0x1_0000)
    m.enter()
    m.run(f"load {L2_PAGE:#x}")
    return m


@pytest.mark.parametrize(("name", "requested"), [(V4_3, []), (V4_4, []), (V6_12, ["TLB_FLUSH_GUEST"])])
def test_a_new_cr3_of_l2_flushes_what_mov_cr3_would(name: str, requested: list[str]) -> None:
    """D: until v4.18 the freed root's reload flushes (vpid01, I-10!), since v5.13 or so TDP asks for a guest flush."""
    m = with_target(name)
    vpid = m.cpu.vpid
    assert len(m.cached(COMBINED, L2_PAGE)) == 1
    events = m.run("mov cr3, 0")
    assert (exits(events), made(events), m.cpu.cr3, m.vcpu.guest_mode) == ([28], requested, 0, True)
    assert m.cached(COMBINED, L2_PAGE) == []
    assert m.vmcs02(F.GUEST_CR3) == 0
    wanted = f"invvpid single-context {vpid}" if name == V6_12 else "invvpid single-context 1"
    assert wanted in flushes(events)


@pytest.mark.parametrize(("name", "requested"), [(V4_4, "TLB_FLUSH"), (V6_12, "TLB_FLUSH_GUEST")])
def test_an_unchanged_cr3_of_l2_asks_for_a_flush(name: str, requested: str) -> None:
    m = with_target(name)
    m.run("mov cr3, 0")
    assert made(m.run("mov cr3, 0")) == [requested]


def test_mov_cr3_of_l2_without_an_exit_is_the_processors() -> None:
    m = Machine(V6_12).start()
    m.run(f"load {L2_PAGE:#x}")
    events = m.run("mov cr3, 0x48000")
    assert (exits(events), made(events), m.cached(COMBINED, L2_PAGE)) == ([], [], [])


def test_l1s_interception_reflects_and_flushes_nothing() -> None:
    m = Machine(V6_12).given_vmx().given_l2(CPU_BASED_VM_EXEC_CONTROL=CPU_SECONDARY_CONTROLS | CPU_CR3_LOAD_EXITING)
    m.enter()
    events = m.run("mov cr3, 0x48000")
    assert (m.vcpu.guest_mode, flushes(events)) == (False, [])
    assert (m.vmread("EXIT_QUALIFICATION"), m.vmread("GUEST_CR3")) == (3, 0x4_0000)
