"""vmx_check_nested_events(): what makes L2 exit, in which order (E.8)."""

from __future__ import annotations

import pytest

from events_support import PIN, in_l2, launched, rounds, story
from kvm_support import decided
from kvmdbg.machine.hw.controls import BLOCKING_NMI, CPU_MONITOR_TRAP_FLAG, CPU_SECONDARY_CONTROLS, EXIT_ACK_INTR_ON_EXIT
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.machine.kvm.nested_events import PRIORITY
from kvmdbg.machine.kvm.user_space import leave_kvm_run
from kvmdbg.machine.kvm.x86 import kvm_queue_exception

NEW = ("v4.15", "v5.8", "v6.12")


def test_the_order() -> None:
    assert [event.name for event in PRIORITY] == [
        "INIT", "a SIPI", "an exception", "an exception of its own", "the monitor trap", "a debug trap", "a debug trap of its own",
        "vmcs12's preemption timer", "an NMI", "an interrupt"]


@pytest.mark.parametrize("name", NEW)
def test_they_wait_for_the_run_of_l2(name: str) -> None:
    m = launched(name)
    m.host("nmi")
    answers = decided(m.step_to("disable_irqs"), "vmx_check_nested_events")
    assert ("no: -EBUSY", "nested_run_pending: L2 must be entered first") in answers


@pytest.mark.parametrize("name", ["v4.3", "v6.12"])
def test_an_nmi_before_an_interrupt(name: str) -> None:
    m = in_l2(name)
    m.host("irq 0x20")
    m.host("nmi")
    assert story(rounds(m)[1])[:2] == ["exit 1", "L1 sees 0"]
    assert m.kvm.events(m.vcpu).irr == 1 << 0x20


@pytest.mark.parametrize("name", ["v4.3", "v6.12"])
def test_l1_takes_no_other_nmi_before_its_iret(name: str) -> None:
    m = in_l2(name)
    m.host("nmi")
    rounds(m)
    assert not m.vcpu.guest_mode and m.cpu.blocking & BLOCKING_NMI
    m.host("nmi")
    assert "deliver 0x2" not in story(rounds(m)[1])
    m.run("nop")
    assert m.cpu.blocking & BLOCKING_NMI
    assert "deliver 0x2" in story(m.run("iret"))


@pytest.mark.parametrize("name", ["v4.15", "v5.8"])
def test_a_check_before_the_requests_does_not_see_an_nmi_that_is_only_queued(name: str) -> None:
    """0ad3bed6c5ec, until 26844fee6ade: kvm_vcpu_running() comes before process_nmi()."""
    m = in_l2(name)
    m.host("irq 0x20")
    m.host("nmi")
    assert story(rounds(m)[1])[:2] == ["exit 1", "L1 sees 1"]


@pytest.mark.parametrize(("name", "ack", "info", "left"), [
    ("v4.3", 0, 0, 1 << 0x20), ("v6.12", 0, 0, 1 << 0x20), ("v4.3", 1, 0x8000_0020, 0), ("v6.12", 1, 0x8000_0020, 0)])
def test_acknowledge_interrupt_on_exit_for_l1(name: str, ack: int, info: int, left: int) -> None:
    m = in_l2(name)
    controls = vmcs12.get(m.kvm, m.vcpu, F.VM_EXIT_CONTROLS)
    vmcs12.put(m.kvm, m.vcpu, F.VM_EXIT_CONTROLS, controls | (EXIT_ACK_INTR_ON_EXIT if ack else 0))
    m.host("irq 0x20")
    rounds(m)
    assert (m.kvm.events(m.vcpu).irr, m.vmread("VM_EXIT_INTR_INFO")) == (left, info)


@pytest.mark.parametrize("name", ["v4.3", *NEW])
def test_an_exception_that_l1_intercepts(name: str) -> None:
    m = in_l2(name, EXCEPTION_BITMAP=1 << 13)
    m.program("cpuid")
    m.step_to("handle_exit")
    kvm_queue_exception(m.kvm, m.vcpu, "#GP", 0)
    vmcs12.put(m.kvm, m.vcpu, F.EXCEPTION_BITMAP, 1 << 13)
    m.vcpu.todo = ("vcpu_enter_guest",)
    assert story(m.step()[1]) == ["L1 sees 0"]
    assert vmcs12.get(m.kvm, m.vcpu, F.VM_EXIT_INTR_INFO) == 0x8000_0B0D


@pytest.mark.parametrize("name", NEW)
def test_a_debug_trap_behind_the_monitor_trap_is_left_to_l1(name: str) -> None:
    m = in_l2(name)
    leave_kvm_run(m.kvm, m.vcpu)
    kvm_queue_exception(m.kvm, m.vcpu, "#DB", 0, 1 << 14)
    m.kvm.events(m.vcpu).mtf_pending = True
    assert story(rounds(m)[1])[0] == "L1 sees 37"
    assert m.vmread("GUEST_PENDING_DBG_EXCEPTIONS") == 1 << 14
    assert m.vcpu.exception is None


@pytest.mark.parametrize(("name", "says"), [("v5.7", "L1 sees 0"), ("v5.8", "inject 0xd"), ("v6.12", "inject 0xd")])
def test_an_exception_of_l2s_own_comes_before_an_nmi_for_l1(name: str, says: str) -> None:
    """c9d40913ac5a and its month: before, the NMI made L2 exit, and the exception was lost."""
    m = in_l2(name)
    leave_kvm_run(m.kvm, m.vcpu)
    m.host("nmi")
    m.kvm.events(m.vcpu).nmi_pending, m.kvm.events(m.vcpu).nmi_queued = 1, 0
    kvm_queue_exception(m.kvm, m.vcpu, "#GP", 0)
    assert story(rounds(m)[1])[0] == says


@pytest.mark.parametrize("name", NEW)
def test_the_monitor_trap_of_l1(name: str) -> None:
    m = in_l2(name, CPU_BASED_VM_EXEC_CONTROL=CPU_SECONDARY_CONTROLS | CPU_MONITOR_TRAP_FLAG)
    assert story(m.run("nop"))[:2] == ["exit 37", "L1 sees 37"]


@pytest.mark.parametrize(("name", "says"), [("v5.7", ["exit 28", "L1 sees 37"]), ("v4.15", ["exit 28"])])
def test_the_monitor_trap_behind_an_emulated_instruction(name: str, says: list[str]) -> None:
    """5ef8acbdd687: L2's MOV to CR4 is L0's to emulate."""
    m = in_l2(name, CPU_BASED_VM_EXEC_CONTROL=CPU_SECONDARY_CONTROLS | CPU_MONITOR_TRAP_FLAG)
    assert story(m.run("mov cr4, 0x120a0"))[:2] == says


@pytest.mark.parametrize("name", NEW)
def test_the_instruction_that_l2_has_not_finished_waits_for_l2(name: str) -> None:
    m = in_l2(name)
    m.program("load 0x800000")
    m.step_to("handle_exit")
    m.host("irq 0x20")
    m.step_to("disable_irqs")
    assert not m.vcpu.guest_mode
    assert (m.vcpu.program, [insn.name for insn in m.kvm.events(m.vcpu).parked]) == ((), ["load"])
    m.kvm.events(m.vcpu).irr = 0
    assert "Accessed" in [type(event).__name__ for event in m.run("vmresume")]
    assert PIN and m.vcpu.guest_mode and m.kvm.events(m.vcpu).parked == ()
