"""KVM_RUN as a ladder of actions (B)."""

from __future__ import annotations

import pytest

from kvm_support import KERNELS, L1_PAGE, V4_4, V6_12, VMCS, VMXON_REGION, Machine, decided, made, names, of, served
from kvmdbg.machine.kvm.events import ModeChanged, RequestMade, Stuck
from kvmdbg.machine.kvm.kvm_host import kvm_make_request
from kvmdbg.machine.kvm.run import ACTS, BEGIN, NO_PROGRESS, runnable
from kvmdbg.machine.kvm.state import HALTED, IN_GUEST_MODE, OUTSIDE_GUEST_MODE

ENTRY = ["vcpu_enter_guest", "disable_irqs", "vmenter"]


def test_actions_say_what_they_are() -> None:
    assert ACTS.names() == ("disable_irqs", "guest", "handle_exit", "kvm_arch_vcpu_ioctl_run", "kvm_vcpu_block",
                            "svm_vcpu_run", "vcpu_enter_guest", "vcpu_load", "vmenter")
    assert all(act.__doc__ for act in ACTS)
    assert BEGIN == ("vcpu_load", "vcpu_enter_guest")


@pytest.mark.parametrize("name", KERNELS)
def test_modes_of_a_round(name: str) -> None:
    m = Machine(name)
    m.run("nop")
    m.program("cpuid")
    modes = [(m.step()[0], m.vcpu.mode) for _ in range(5)]
    assert modes == [("guest", OUTSIDE_GUEST_MODE), ("handle_exit", OUTSIDE_GUEST_MODE), ("vcpu_enter_guest", OUTSIDE_GUEST_MODE),
                     ("disable_irqs", IN_GUEST_MODE), ("vmenter", IN_GUEST_MODE)]


def test_an_instruction_without_an_exit_is_one_action() -> None:
    m = Machine()
    m.run("nop")
    m.program("nop")
    name, events = m.step()
    assert (name, names(events), m.vcpu.todo) == ("guest", ["Retired"], ("guest",))
    assert m.stat("exits") == 0


def test_a_fault_of_the_guest_ends_its_instruction() -> None:
    m = Machine()
    events = m.run("load 0x800000000000")
    assert "Faulted" in names(events)
    assert (m.vcpu.program, m.vcpu.todo) == ((), ("guest",))


@pytest.mark.parametrize("name", KERNELS)
def test_a_request_made_after_the_ladder_cancels_the_entry(name: str) -> None:
    m = Machine(name)
    m.run("nop")
    m.program("cpuid")
    m.step_to("vmenter")
    kvm_make_request(m.kvm, m.vcpu, "TLB_FLUSH", "a test")
    _, events = m.step()
    assert decided(events, "kvm_vcpu_exit_request") == [("yes", f"mode {IN_GUEST_MODE}, requests 0x1")]
    assert of(events, ModeChanged) == [ModeChanged(0, OUTSIDE_GUEST_MODE)]
    rounds = [m.step() for _ in range(3)]
    assert [step for step, _ in rounds] == ENTRY
    assert served(rounds[0][1]) == ["TLB_FLUSH"]
    assert m.vcpu.todo == ("guest",)


@pytest.mark.parametrize("name", [V4_4, V6_12])
def test_a_root_load_that_protects_a_table_flushes_before_the_guest_runs(name: str) -> None:
    """The request is made by kvm_mmu_reload(), after the ladder."""
    m = Machine(name).given_vmx().given_l2()
    m.map("L1", L1_PAGE + 0x1000, 0x1_0000)
    m.run(f"load {L1_PAGE + 0x1000:#x}", f"vmclear {VMCS:#x}", f"vmptrld {VMCS:#x}")
    m.program("vmlaunch")
    taken = []
    while m.vcpu.todo != ("guest",) or m.vcpu.program:
        taken.append(m.step())
    steps = [step for step, _ in taken]
    assert steps == ["guest", "handle_exit", *ENTRY, *ENTRY]
    assert "account_shadowed" in [event.by for event in of(taken[2][1], RequestMade)]
    assert "TLB_FLUSH" in served(taken[5][1])


def test_no_progress_ends_in_user_space() -> None:
    m = Machine(V4_4).given_vmx()
    m.given_l2()
    m.run(f"vmptrld {VMCS:#x}")
    before = m.stat("exits")
    events = m.run("invvpid 7 1")
    assert of(events, Stuck) == [Stuck(0, "invvpid 7, 1")]
    assert m.stat("exits") - before == NO_PROGRESS
    assert (m.vcpu.exit_to_user, m.vcpu.todo) == ("no progress: 'invvpid 7, 1' exits again and again", ())


def test_exits_that_get_somewhere_do_not_add_up() -> None:
    m = Machine()
    m.run(*["cpuid"] * (NO_PROGRESS + 1))
    assert (m.vcpu.retries, m.vcpu.exit_to_user) == (0, "")


def test_runnable() -> None:
    m = Machine()
    assert runnable(m.kvm, m.vcpu)
    m.run("nop")
    assert not runnable(m.kvm, m.vcpu)
    m.program("nop")
    assert runnable(m.kvm, m.vcpu)
    m.vcpu.mp_state, m.vcpu.todo = HALTED, ("kvm_vcpu_block",)
    assert not runnable(m.kvm, m.vcpu)
    m.vcpu.mp_state, m.vcpu.todo = "RUNNABLE", ()
    assert not runnable(m.kvm, m.vcpu)


@pytest.mark.parametrize("name", KERNELS)
def test_requests_are_served_in_the_order_of_the_ladder(name: str) -> None:
    m = Machine(name)
    m.run("nop")
    known = [request for request in ("EVENT", "TLB_FLUSH_GUEST", "MMU_SYNC", "TLB_FLUSH_CURRENT", "LOAD_MMU_PGD")
             if request in m.kvm.era.request_bits()]
    for request in known:
        kvm_make_request(m.kvm, m.vcpu, request, "a test")
    events = m.run("cpuid")
    assert served(events) == [request for request in ("MMU_SYNC", "LOAD_MMU_PGD", "TLB_FLUSH_CURRENT", "TLB_FLUSH_GUEST", "EVENT")
                              if request in known]
    assert m.pending() == []


def test_a_session_is_the_same_twice() -> None:
    def session() -> str:
        m = Machine().start()
        m.run("load 0x800000", "vmcall", "invept all-context", "vmresume", "store 0x800000, 3")
        return m.kvm.tape.digest()

    assert session() == session()


def test_the_first_entry_has_nothing_but_the_new_vmcs_to_flush() -> None:
    m = Machine()
    assert made(m.run("nop")) == ["TLB_FLUSH", "STEAL_UPDATE"]
    m.poke(VMXON_REGION, 0x11E5_7ED0)
    assert made(m.run(f"vmxon {VMXON_REGION:#x}")) == []


def test_a_window_that_opens_again_and_again_with_nothing_done_ends_the_run() -> None:
    """Before c5f3d5799974 what L0 injects into L2 is injected again at each exit, and an NMI waits behind it."""
    m = Machine("v3.2", enable_ept=False).given_vmx().given_l2(eptp=None, vpid=None)
    m.enter()
    m.host("nmi vcpu0")
    m.host("events injected=#DF")
    events = m.step_to("never")
    assert of(events, Stuck) == [Stuck(0, "VM entry")] and "exits again and again" in m.vcpu.exit_to_user
