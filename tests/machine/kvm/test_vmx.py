"""The vendor module: vmcs01, loading, entering, injection."""

from __future__ import annotations

import pytest

from kvm_support import KERNELS, L1_PAGE, L2_PAGE, V4_4, V6_12, Machine, decided, flushes, made, of, served
from kvmdbg.explore.schedule import run_until_waiting
from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.controls import SEC_ENABLE_VPID
from kvmdbg.machine.hw.events import Delivered
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.state import Caps
from kvmdbg.machine.kvm import vmx
from kvmdbg.machine.kvm.events import FlushAsked
from kvmdbg.machine.kvm.kvm_host import kvm_make_request
from kvmdbg.machine.kvm.state import PendingException
from kvmdbg.machine.kvm.vmx_control_registers import kvm_read_cr3, set_cr3
from kvmdbg.machine.kvm.vmx_ops import read
from kvmdbg.machine.kvm.x86 import kvm_queue_exception


def running(name: str = V6_12) -> Machine:
    m = Machine(name)
    m.run("nop")
    return m


@pytest.mark.parametrize(("vpid", "invpcid"), [(1, True), (0, True), (1, False)])
def test_enable_vpid_is_set_for_a_vcpu_that_has_one(vpid: int, invpcid: bool) -> None:
    control = vmx.secondary_exec_control(Machine(V6_12, Caps(invpcid=invpcid)).kvm, vpid)
    assert bool(control & SEC_ENABLE_VPID) == bool(vpid)
    assert bool(control >> 12 & 1) == invpcid


def test_the_first_load_on_a_processor_asks_to_flush_everything_and_the_next_does_not() -> None:
    m = Machine()
    _, events = m.step()
    assert made(events) == ["TLB_FLUSH", "STEAL_UPDATE"]
    assert decided(events, "vmx_vcpu_load_vmcs") == [("yes", "loaded_vmcs->cpu -1, now 0")]
    start = m.kvm.tape.cursor
    vmx.vmx_vcpu_load_vmcs(m.kvm, m.vcpu, 0)
    assert (made(m.since(start)), decided(m.since(start), "vmx_vcpu_load_vmcs")) == ([], [("no", "loaded_vmcs->cpu 0, now 0")])


@pytest.mark.parametrize(("name", "hook"), [(V4_4, ["vmx_set_cr3"]), (V6_12, [])])
def test_loading_a_root_writes_eptp_and_cr3_if_kvm_changed_it(name: str, hook: list[str]) -> None:
    m = running(name)
    set_cr3(m.vcpu, 0x7000)
    assert kvm_read_cr3(m.kvm, m.vcpu) == 0x7000
    start = m.kvm.tape.cursor
    vmx.vmx_load_mmu_pgd(m.kvm, m.vcpu)
    assert (read(m.kvm, m.vcpu, F.GUEST_CR3), m.vcpu.cr3_dirty) == (0x7000, False)
    assert read(m.kvm, m.vcpu, F.EPT_POINTER) >> 12 == m.tag()
    assert [event.hook for event in of(m.since(start), FlushAsked)] == hook
    assert len(flushes(m.since(start))) == 2 * len(hook)


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize(("vector", "code", "number"), [("#UD", 0, 6), ("#GP", 0, 13), ("#PF", 2, 14)])
def test_a_queued_exception_is_delivered_with_the_next_entry(name: str, vector: str, code: int, number: int) -> None:
    m = running(name)
    m.program("cpuid")
    m.step_to("handle_exit")
    kvm_queue_exception(m.kvm, m.vcpu, vector, code, 0x5000)
    start = m.kvm.tape.cursor
    run_until_waiting(m.kvm, 0)
    events = m.since(start)
    assert "EVENT" in served(events)
    assert [(event.vector, event.type) for event in of(events, Delivered)] == [(number, 3)]
    assert m.vcpu.exception is None
    if vector == "#PF":
        assert m.cpu.cr2 == 0x5000


def test_a_cancelled_entry_asks_for_its_event_again() -> None:
    m = running()
    m.program("cpuid")
    m.step_to("handle_exit")
    kvm_queue_exception(m.kvm, m.vcpu, "#GP")
    m.step_to("vmenter")
    assert m.vcpu.exception is None
    kvm_make_request(m.kvm, m.vcpu, "TLB_FLUSH", "a test")
    assert made(m.step()[1]) == ["EVENT"]
    assert [event.vector for event in of(m.run(), Delivered)] == []
    assert [event.vector for event in of(m.step_to("guest"), Delivered)] == [13]


def test_the_first_entry_launches_and_later_ones_resume() -> None:
    m = Machine()
    assert not m.vcpu.vmcs01_launched
    m.run("cpuid")
    assert m.vcpu.vmcs01_launched
    assert m.kvm.hw.launch_state[m.kvm.vmcs01(m.vcpu)] == "launched"


def test_an_entry_that_the_processor_refuses_sends_the_vcpu_to_user_space() -> None:
    m = running()
    m.program("cpuid")
    m.step_to("vmenter")
    vmcs.write(m.kvm.hw, m.cpu, F.HOST_CR3, 1 << 60)
    m.step_to("never")
    assert m.vcpu.exit_to_user == "KVM_EXIT_FAIL_ENTRY (VM-instruction error 8)"


def test_skipping_moves_rip_and_takes_the_instruction_from_the_program() -> None:
    m = running()
    rip = m.cpu.rip
    m.run("cpuid")
    assert (m.cpu.rip - rip, m.vcpu.program, m.vcpu.retries) == (2, (), 0)


def test_an_emulated_instruction_ends_the_shadow_of_sti() -> None:
    """`sti; hlt` is how a guest waits for an interrupt."""
    m = running()
    m.run("sti", "hlt")
    assert read(m.kvm, m.vcpu, F.GUEST_INTERRUPTIBILITY_INFO) == 0
    m.host("irq 0x20")
    start = m.kvm.tape.cursor
    run_until_waiting(m.kvm, 0)
    assert [event.vector for event in of(m.since(start), Delivered)] == [0x20]


def test_rax_travels_with_the_vcpu() -> None:
    m = running()
    m.map("L1", L1_PAGE, L1_PAGE)
    m.poke(L1_PAGE, 0x77)
    m.run(f"load {L1_PAGE:#x}", "cpuid")
    assert (m.vcpu.rax, m.cpu.rax) == (0x77, 0x77)


def test_each_segment_has_selector_limit_and_rights() -> None:
    assert len(vmx.flat_segments()) == 3 * len(vmx.SEGMENTS)


def test_a_pending_exception_is_state() -> None:
    m = running()
    kvm_queue_exception(m.kvm, m.vcpu, "#PF", 4, L2_PAGE)
    assert m.vcpu.exception == PendingException("#PF", 4, L2_PAGE, True)
