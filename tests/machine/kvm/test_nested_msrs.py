"""The MSR lists of vmcs12."""

from __future__ import annotations

import pytest

from kvm_support import KERNELS, Machine, of, results
from kvmdbg.machine.hw.controls import CPU_TSC_OFFSETTING
from kvmdbg.machine.hw.events import VmEntryFailed
from kvmdbg.machine.kvm.events import NestedEntryFailed
from kvmdbg.machine.kvm.guest_memory import kvm_read_guest

LIST = 0xA000
OTHER = 0xB000
STAR, KERNEL_GS, TSC = 0xC000_0081, 0xC000_0102, 0x10
FAILED = 0x8000_0022


def with_list(which: str, *entries: tuple[int, int], name: str = "v6.12", count: int = -1, at: int = LIST,
              **fields: int) -> Machine:
    m = Machine(name).given_vmx().given_l2(**{f"VM_{which}_ADDR": at, f"VM_{which}_COUNT": len(entries) if count < 0 else count},
                                           **fields)
    for index, (first, value) in enumerate(entries):
        m.poke(at + 16 * index, first)
        m.poke(at + 16 * index + 8, value)
    return m


@pytest.mark.parametrize("name", KERNELS)
def test_an_entry_loads_what_l2_then_reads(name: str) -> None:
    m = with_list("ENTRY_MSR_LOAD", (STAR, 0x77), (0x174, 0x33), name=name, MSR_BITMAP=0x9000,
                  CPU_BASED_VM_EXEC_CONTROL=0x9400_6172 | 1 << 31)
    m.enter()
    m.run(f"rdmsr {STAR:#x}")
    assert m.vcpu.guest_mode and m.cpu.rax == 0x77 and m.cpu.descriptors.sysenter_cs == 0x33
    m.run("vmcall")
    assert m.vmread("GUEST_SYSENTER_CS") == 0x33


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize(("bad", "says"), [
    ((0x11, 0), "must be a register that takes the value 0x0"),
    ((0xC000_0100, 0), "must be a register that a VM transition can load"),
    ((1 << 32 | STAR, 0), "must have bits 63:32 = 0"), ((0xC000_0080, 2), "must be a register that takes the value 0x2"),
    ((0x8B, 0), "must be a register that a VM transition can load")])
def test_a_bad_entry_is_a_failed_entry_with_its_number(name: str, bad: tuple[int, int], says: str) -> None:
    m = with_list("ENTRY_MSR_LOAD", (STAR, 0x77), bad, name=name, VM_EXIT_MSR_LOAD_COUNT=1, VM_EXIT_MSR_LOAD_ADDR=OTHER)
    m.poke(OTHER, KERNEL_GS)
    m.poke(OTHER + 8, 0x55)
    events = m.enter()
    assert [(event.reason, event.qualification) for event in of(events, NestedEntryFailed)] == [(FAILED, 2)]
    assert [(event.error, says in event.check) for event in of(events, VmEntryFailed)] == [(FAILED, True)]
    assert not m.vcpu.guest_mode and m.vcpu.loaded_vmcs == "vmcs01" and not m.vcpu.nested_run_pending
    assert (m.vmread("VM_EXIT_REASON"), m.vmread("EXIT_QUALIFICATION")) == (FAILED, 2)
    m.run(f"rdmsr {KERNEL_GS:#x}")
    assert m.cpu.rax == 0x55                                 # L1's list is loaded all the same
    m.run("vmwrite VM_ENTRY_MSR_LOAD_COUNT, 1")
    assert results(m.run("vmlaunch")) == [] and m.vcpu.guest_mode            # a failed entry leaves the VMCS clear


def test_a_list_outside_of_memory_fails_at_its_first_entry() -> None:
    m = with_list("ENTRY_MSR_LOAD", at=0x8000_0000, count=1)
    assert [event.qualification for event in of(m.enter(), NestedEntryFailed)] == [1]


@pytest.mark.parametrize(("name", "limited"), [("v6.12", True), ("f0b5105af6df", True), ("f0b5105af6df^", False), ("v4.4", False)])
@pytest.mark.parametrize("count", [512, 513])
def test_the_limit(name: str, limited: bool, count: int) -> None:
    m = with_list("ENTRY_MSR_LOAD", *[(STAR, 7)] * 513, name=name, count=count)
    failed = [event.qualification for event in of(m.enter(), NestedEntryFailed)]
    assert failed == ([513] if limited and count > 512 else []) and m.vcpu.guest_mode is not bool(failed)


@pytest.mark.parametrize("name", KERNELS)
def test_an_exit_stores_l2s_registers_and_loads_l1s(name: str) -> None:
    m = with_list("EXIT_MSR_STORE", (STAR, 0), (0x174, 0), name=name, VM_EXIT_MSR_LOAD_COUNT=1, VM_EXIT_MSR_LOAD_ADDR=OTHER,
                  GUEST_SYSENTER_CS=0x33)
    m.poke(OTHER, STAR)
    m.poke(OTHER + 8, 0x99)
    m.run(f"wrmsr {STAR:#x}, 0x77")
    m.enter()
    m.run("vmcall", f"rdmsr {STAR:#x}")
    assert (kvm_read_guest(m.kvm, LIST + 8), kvm_read_guest(m.kvm, LIST + 24), m.cpu.rax) == (0x77, 0x33, 0x99)


@pytest.mark.parametrize(("which", "number", "indicator"), [("EXIT_MSR_STORE", 0x11, 1), ("EXIT_MSR_STORE", 0x9E, 1),
                                                            ("EXIT_MSR_LOAD", 0x11, 4)])
def test_an_exit_that_cannot_aborts_l1(which: str, number: int, indicator: int) -> None:
    m = with_list(which, (number, 0))
    m.enter()
    m.run("vmcall")
    assert m.vcpu.exit_to_user.startswith(f"KVM_EXIT_SHUTDOWN (VMX abort {indicator}:")


@pytest.mark.parametrize(("name", "tsc"), [("v6.12", 1), ("e79f245ddec1", 1), ("e79f245ddec1^", 0x1_0001)])
def test_which_counter_is_stored(name: str, tsc: int) -> None:
    m = with_list("EXIT_MSR_STORE", (TSC, 0), name=name, TSC_OFFSET=0x1_0000,
                  CPU_BASED_VM_EXEC_CONTROL=0x8400_6172 | CPU_TSC_OFFSETTING)
    m.enter()
    m.run("vmcall")
    assert kvm_read_guest(m.kvm, LIST + 8) == tsc


@pytest.mark.parametrize(("name", "result"), [("v3.2", ["vmlaunch 7"]), ("ff651cb613b4^", ["vmlaunch 7"]), ("ff651cb613b4", [])])
def test_before_v4_0_there_were_no_lists(name: str, result: list[str]) -> None:
    m = Machine(name).given_vmx().given_l2(vpid=None, eptp=None, VM_ENTRY_MSR_LOAD_COUNT=1, VM_ENTRY_MSR_LOAD_ADDR=LIST)
    m.poke(LIST, 0x174)
    assert results(m.enter()) == result
