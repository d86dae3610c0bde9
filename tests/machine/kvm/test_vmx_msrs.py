"""RDMSR and WRMSR of L1 and L2, which L0 intercepts."""

from __future__ import annotations

import pytest

from kvm_support import KERNELS, Machine, exits, made, names, of
from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.controls import CPU_HLT_EXITING, CPU_SECONDARY_CONTROLS, CPU_USE_MSR_BITMAPS, EFER_NXE
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm.events import ExceptionInjected, NestedExited
from kvmdbg.machine.kvm.guest_memory import kvm_read_guest
from kvmdbg.machine.kvm.vmx import BOOT_EFER

BITMAPS = 0x9000


def test_l1_reads_and_writes_its_registers() -> None:
    m = Machine()
    m.run("rdmsr IA32_EFER")
    assert m.cpu.rax == BOOT_EFER
    assert exits(m.run("wrmsr IA32_FS_BASE, 0x123456")) == [32]
    assert m.cpu.descriptors.fs.base == 0x12_3456
    m.run("wrmsr IA32_SYSENTER_CS, 0x100000008", "rdmsr IA32_SYSENTER_CS")
    assert m.cpu.rax == 8 == m.cpu.descriptors.sysenter_cs


@pytest.mark.parametrize("text", ["rdmsr 0x11", "wrmsr 0x11, 1", "wrmsr IA32_EFER, 0x2", "wrmsr IA32_EFER, 0x800",
                                  "wrmsr IA32_GS_BASE, 0x8000000000000000"])
def test_what_l1_has_not_or_may_not_write_is_gp(text: str) -> None:
    m = Machine()
    m.run("nop")
    events = m.run(text)
    assert [(event.vector, event.error_code) for event in of(events, ExceptionInjected)] == [("#GP", 0)]
    assert (m.vcpu.efer, m.vcpu.program) == (BOOT_EFER, ())


@pytest.mark.parametrize("name", KERNELS)
def test_a_change_of_nx_loads_a_new_root_and_one_of_sce_does_not(name: str) -> None:
    m = Machine(name)
    m.run("nop")
    assert "RootFreed" not in names(m.run(f"wrmsr IA32_EFER, {BOOT_EFER & ~1:#x}"))
    events = m.run(f"wrmsr IA32_EFER, {BOOT_EFER & ~EFER_NXE & ~1:#x}")
    assert names(events).count("RootFreed") == names(events).count("RootAllocated") == 1
    assert m.cpu.efer == m.vcpu.efer == BOOT_EFER & ~EFER_NXE & ~1


@pytest.mark.parametrize("text", ["rdmsr IA32_DEBUGCTL", "wrmsr IA32_DEBUGCTL, 0", "rdmsr 0x1b", "wrmsr 0x1b, 0xfee00900"])
def test_what_is_not_switched_is_refused(text: str) -> None:
    m = Machine()
    m.run("nop")
    m.program(text)
    with pytest.raises(Unsupported, match="is not modelled"):
        m.step_to("never")


@pytest.mark.parametrize(("control", "bit", "reflected"), [(0, False, True), (CPU_USE_MSR_BITMAPS, True, True),
                                                           (CPU_USE_MSR_BITMAPS, False, False)])
def test_l1s_bitmaps_decide_who_gets_l2s_exit(control: int, bit: bool, reflected: bool) -> None:
    m = Machine().given_vmx().given_l2(CPU_BASED_VM_EXEC_CONTROL=CPU_HLT_EXITING | CPU_SECONDARY_CONTROLS | control,
                                       MSR_BITMAP=BITMAPS)
    if bit:
        m.poke(BITMAPS + 0xC10, 1)                       # IA32_EFER for writes
    m.enter()
    events = m.run(f"wrmsr IA32_EFER, {BOOT_EFER & ~1:#x}")
    assert exits(events)[0] == 32
    assert [event.reason for event in of(events, NestedExited)] == [32] * reflected
    assert m.vmcs02(F.CPU_BASED_VM_EXEC_CONTROL) & CPU_USE_MSR_BITMAPS == 0
    if not reflected:
        assert m.cpu.efer == BOOT_EFER & ~1
        m.run("rdmsr IA32_EFER")
        assert m.cpu.rax == BOOT_EFER & ~1


def test_invpcid_of_a_guest_is_its_own_affair() -> None:
    m = Machine()
    m.run("nop")
    assert exits(m.run("invpcid all-context")) == []


def test_vmfunc_was_not_offered_to_l1() -> None:
    m = Machine("v4.4").given_vmx().given_l2(SECONDARY_VM_EXEC_CONTROL=0x2022)
    events = m.run("vmfunc 0, 1")
    assert [event.vector for event in of(events, ExceptionInjected)] == ["#UD"]
    m.enter()
    assert m.flags() == "VMfailValid" and m.vmread("VM_INSTRUCTION_ERROR") == 7


def test_without_nesting_there_are_no_capability_msrs() -> None:
    m = Machine(nested=False)
    assert [event.vector for event in of(m.run("rdmsr IA32_VMX_BASIC"), ExceptionInjected)] == ["#GP"]


@pytest.mark.parametrize("kernel", ["v3.1", "v4.4", "v5.7", "v6.12"])
def test_a_guest_says_where_its_steal_time_goes(kernel: str) -> None:
    m = Machine(kernel)
    events = m.run("wrmsr 0x4b564d03, 0x7001")
    assert exits(events) == [32] and made(events).count("STEAL_UPDATE") == 2 and m.vcpu.steal_time == 0x7001
    assert kvm_read_guest(m.kvm, 0x7008) == 2                           # the version, after one update
    m.run("rdmsr 0x4b564d03")
    assert m.cpu.rax == 0x7001
    m.run("wrmsr 0x4b564d03, 0")
    assert m.vcpu.steal_time == 0


@pytest.mark.parametrize(("kernel", "value", "gp"), [
    ("v6.12", "0x7003", True), ("v5.7", "0x40000001", False), ("a6bd811f1209", "0x40000001", False),
    ("a6bd811f1209^", "0x40000001", True), ("v4.4", "0x40000001", True), ("v4.4", "0x40000000", False)])
def test_steal_time_that_kvm_refuses(kernel: str, value: str, gp: bool) -> None:
    m = Machine(kernel)
    assert [event.vector for event in of(m.run(f"wrmsr 0x4b564d03, {value}"), ExceptionInjected)] == ["#GP"] * gp
    assert m.vcpu.steal_time == (0 if gp else int(value, 16))
