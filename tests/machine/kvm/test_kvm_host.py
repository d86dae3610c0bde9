"""vcpu->requests."""

from __future__ import annotations

import pytest

from kvm_support import V4_4, V6_12, Machine, decided, exits, made, of, served
from kvmdbg.machine.boot import assemble
from kvmdbg.machine.eras.versions import VERSIONS, kernel
from kvmdbg.machine.hw.events import Raised, Taken
from kvmdbg.machine.hw.state import Caps
from kvmdbg.machine.kvm.events import Kicked, ModeChanged, RequestCleared, RequestLeftOut, RequestMade, RequestServiced, WokenUp
from kvmdbg.machine.kvm.kvm_host import (
    CALL_FUNCTION_VECTOR,
    RESCHEDULE_VECTOR,
    count_tlbs_dirty,
    kvm_check_request,
    kvm_clear_request,
    kvm_flush_remote_tlbs,
    kvm_make_all_cpus_request,
    kvm_make_request,
    kvm_request_needs_ipi,
    kvm_request_pending,
    kvm_test_request,
    kvm_vcpu_exiting_guest_mode,
    kvm_vcpu_kick,
    kvm_vcpu_wake_up,
    tlbs_dirty,
)
from kvmdbg.machine.kvm.state import (
    EXITING_GUEST_MODE,
    HALTED,
    IN_GUEST_MODE,
    OUTSIDE_GUEST_MODE,
    READING_SHADOW_PAGE_TABLES,
    Config,
    Kvm,
)
from kvmdbg.tape import Tape

ALL_KERNELS = [version.name for version in VERSIONS]
MODES = (OUTSIDE_GUEST_MODE, IN_GUEST_MODE, EXITING_GUEST_MODE, READING_SHADOW_PAGE_TABLES)


def several(name: str, *modes: str) -> Kvm:
    """A VM with a vCPU for each mode, each on a processor of its own."""
    tape = Tape(recording=False)
    kvm = assemble(tape, kernel(name), Config(vcpus=len(modes), cpus=len(modes)), Caps())
    for vcpu, mode in zip(kvm.vcpus, modes, strict=True):
        vcpu.cpu, vcpu.mode = vcpu.id, mode
    tape.recording = True
    return kvm


def events_of(kvm: Kvm, *kinds: type) -> list[object]:
    return of((event for _, event in kvm.tape.events(0)), *kinds)


@pytest.mark.parametrize(("name", "request_name", "bit"), [
    (V4_4, "TLB_FLUSH", 0), (V4_4, "MMU_SYNC", 7), (V4_4, "EVENT", 11), (V6_12, "TLB_FLUSH", 0), (V6_12, "MMU_SYNC", 11),
    (V6_12, "TLB_FLUSH_CURRENT", 34), (V6_12, "TLB_FLUSH_GUEST", 35)])
def test_a_request_is_the_bit_of_its_kernel(name: str, request_name: str, bit: int) -> None:
    m = Machine(name)
    kvm_make_request(m.kvm, m.vcpu, request_name, "a test")
    assert m.vcpu.requests == 1 << bit
    assert m.since(0) == [RequestMade(0, request_name, "a test")]


def test_made_twice_it_is_one_bit_and_two_events() -> None:
    m = Machine()
    for _ in range(2):
        kvm_make_request(m.kvm, m.vcpu, "TLB_FLUSH", "a test")
    assert (m.vcpu.requests, made(m.since(0))) == (1, ["TLB_FLUSH", "TLB_FLUSH"])


def test_check_clears_and_test_does_not() -> None:
    m = Machine()
    kvm_make_request(m.kvm, m.vcpu, "EVENT", "a test")
    start = m.kvm.tape.cursor
    assert kvm_test_request(m.kvm, m.vcpu, "EVENT")
    assert m.pending() == ["EVENT"]
    assert kvm_check_request(m.kvm, m.vcpu, "EVENT")
    assert not kvm_check_request(m.kvm, m.vcpu, "EVENT")
    assert (m.pending(), m.since(start)) == ([], [RequestServiced(0, "EVENT")])


def test_a_cleared_request_is_said_to_be_dropped_unserved() -> None:
    m = Machine()
    kvm_make_request(m.kvm, m.vcpu, "TLB_FLUSH_CURRENT", "a test")
    start = m.kvm.tape.cursor
    kvm_clear_request(m.kvm, m.vcpu, "TLB_FLUSH_CURRENT", "vcpu_enter_guest")
    kvm_clear_request(m.kvm, m.vcpu, "TLB_FLUSH_CURRENT", "vcpu_enter_guest")
    assert m.since(start) == [RequestCleared(0, "TLB_FLUSH_CURRENT", "vcpu_enter_guest")]


def test_a_request_that_the_kernel_does_not_have_is_not_pending() -> None:
    m = Machine(V4_4)
    assert not kvm_test_request(m.kvm, m.vcpu, "TLB_FLUSH_GUEST")
    assert not kvm_check_request(m.kvm, m.vcpu, "TLB_FLUSH_GUEST")


@pytest.mark.parametrize(("name", "counted"), [(V4_4, 0), (V6_12, 1)])
def test_a_remote_flush_asks_every_vcpu_and_kicks_nobody_here(name: str, counted: int) -> None:
    """H: remote_tlb_flush counts flushes that kicked someone; remote_tlb_flush_requests counts calls, since v5.15."""
    m = Machine(name)
    kvm_flush_remote_tlbs(m.kvm, "a test")
    assert m.pending() == ["TLB_FLUSH"]
    assert (m.stat("remote_tlb_flush_requests", -1), m.stat("remote_tlb_flush", -1)) == (counted, 0)


def test_a_request_that_is_left_out_sets_no_bit() -> None:
    m = Machine()
    start = m.kvm.tape.cursor
    m.kvm.hw.left_out = frozenset({start})
    kvm_make_request(m.kvm, m.vcpu, "TLB_FLUSH", "a test")
    assert (m.vcpu.requests, m.since(start)) == (0, [RequestLeftOut(0, "TLB_FLUSH", "a test")])
    kvm_make_request(m.kvm, m.vcpu, "TLB_FLUSH", "a test")
    assert m.vcpu.requests == 1


def test_pending_is_the_whole_word() -> None:
    m = Machine()
    assert not kvm_request_pending(m.vcpu)
    kvm_make_request(m.kvm, m.vcpu, "EVENT", "a test")
    assert kvm_request_pending(m.vcpu)


# -- kicks: A.3 on several vCPUs ---------------------------------------------------------------------------------------


def test_the_first_who_asks_sees_in_guest_mode() -> None:
    kvm = several(V6_12, IN_GUEST_MODE)
    seen = [kvm_vcpu_exiting_guest_mode(kvm, kvm.vcpus[0]) for _ in range(2)]
    assert seen == [IN_GUEST_MODE, EXITING_GUEST_MODE]
    assert events_of(kvm, ModeChanged) == [ModeChanged(0, EXITING_GUEST_MODE)]


@pytest.mark.parametrize("mode", [OUTSIDE_GUEST_MODE, READING_SHADOW_PAGE_TABLES])
def test_other_modes_stay_as_they_are(mode: str) -> None:
    kvm = several(V6_12, mode)
    assert (kvm_vcpu_exiting_guest_mode(kvm, kvm.vcpus[0]), kvm.vcpus[0].mode) == (mode, mode)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("name", "request_name", "waits"), [
    (V6_12, "TLB_FLUSH", True), (V6_12, "EVENT", False), ("v4.15", "TLB_FLUSH", True), ("v4.15", "EVENT", False),
    ("v4.4", "TLB_FLUSH", True), ("v4.4", "EVENT", True), ("v3.1", "TLB_FLUSH", True)])
def test_who_needs_an_ipi(name: str, request_name: str, waits: bool, mode: str) -> None:
    """One who waits, waits for a vCPU that is on its way out too; before v4.13 everybody waited."""
    kvm = several(name, mode)
    needed = mode != OUTSIDE_GUEST_MODE if waits else mode == IN_GUEST_MODE
    assert kvm_request_needs_ipi(kvm, kvm.vcpus[0], request_name) is needed
    assert decided((event for _, event in kvm.tape.events(0)), "kvm_request_needs_ipi")[0][0] == ("yes" if needed else "no")


@pytest.mark.parametrize("name", ALL_KERNELS)
def test_a_remote_flush_interrupts_those_in_the_guest_only(name: str) -> None:
    kvm = several(name, IN_GUEST_MODE, OUTSIDE_GUEST_MODE, IN_GUEST_MODE)
    kvm_flush_remote_tlbs(kvm, "a test")
    assert [vcpu.requests for vcpu in kvm.vcpus] == [1, 1, 1]
    assert [vcpu.mode for vcpu in kvm.vcpus] == [EXITING_GUEST_MODE, OUTSIDE_GUEST_MODE, EXITING_GUEST_MODE]
    assert events_of(kvm, Kicked) == [Kicked(cpu, cpu, "kvm_make_all_cpus_request", True) for cpu in (0, 2)]
    assert [event.cpu for event in events_of(kvm, Raised)] == [0, 2]         # type: ignore[attr-defined]
    assert events_of(kvm, Taken) == []                                       # interrupts are off there
    assert [kvm.hw.pending[cpu].irr for cpu in range(3)] == [1 << CALL_FUNCTION_VECTOR, 0, 1 << CALL_FUNCTION_VECTOR]
    assert kvm.stats.get((-1, "remote_tlb_flush"), 0) == 1


def test_a_second_remote_flush_waits_for_the_vcpu_that_is_on_its_way_out() -> None:
    kvm = several(V6_12, IN_GUEST_MODE)
    for _ in range(2):
        kvm_flush_remote_tlbs(kvm, "a test")
    assert kvm.stats[-1, "remote_tlb_flush"] == 2


def test_nobody_in_the_guest_nobody_interrupted() -> None:
    kvm = several(V6_12, OUTSIDE_GUEST_MODE, OUTSIDE_GUEST_MODE)
    assert not kvm_make_all_cpus_request(kvm, "TLB_FLUSH", "a test")
    kvm_flush_remote_tlbs(kvm, "a test")
    assert (kvm.stats.get((-1, "remote_tlb_flush"), 0), kvm.stats[-1, "remote_tlb_flush_requests"]) == (0, 1)


def test_a_processor_gets_one_ipi_and_the_one_that_asks_none() -> None:
    kvm = several(V6_12, IN_GUEST_MODE, IN_GUEST_MODE, IN_GUEST_MODE)
    kvm.vcpus[2].cpu = 1
    assert kvm_make_all_cpus_request(kvm, "TLB_FLUSH", "a test", here=0)
    assert events_of(kvm, Kicked) == [Kicked(1, 1, "kvm_make_all_cpus_request", True)]
    assert [vcpu.mode for vcpu in kvm.vcpus] == [IN_GUEST_MODE, EXITING_GUEST_MODE, EXITING_GUEST_MODE]


def test_a_vcpu_that_is_loaded_nowhere_is_left_alone() -> None:
    kvm = several(V6_12, OUTSIDE_GUEST_MODE, IN_GUEST_MODE)
    kvm.vcpus[0].cpu = -1
    assert kvm_make_all_cpus_request(kvm, "EVENT", "a test")
    assert [event.vcpu for event in events_of(kvm, Kicked)] == [1]           # type: ignore[attr-defined]


def test_a_request_without_a_bit_is_a_kick() -> None:
    """A.2: OUTSIDE_GUEST_MODE = NO_ACTION | WAIT | NO_WAKEUP."""
    kvm = several(V6_12, IN_GUEST_MODE)
    assert kvm_make_all_cpus_request(kvm, "OUTSIDE_GUEST_MODE", "a test")
    assert (kvm.vcpus[0].requests, events_of(kvm, RequestMade)) == (0, [])


@pytest.mark.parametrize(("name", "request_name", "woken"), [
    (V6_12, "EVENT", True), (V6_12, "TLB_FLUSH", False), ("v4.4", "EVENT", False)])
def test_who_sleeps_is_woken_for_some(name: str, request_name: str, woken: bool) -> None:
    kvm = several(name, OUTSIDE_GUEST_MODE)
    kvm.vcpus[0].mp_state = HALTED
    assert not kvm_make_all_cpus_request(kvm, request_name, "a test")
    assert bool(events_of(kvm, WokenUp)) is woken
    assert kvm.stats.get((0, "halt_wakeup"), 0) == woken


def test_only_a_sleeper_is_woken() -> None:
    kvm = several(V6_12, OUTSIDE_GUEST_MODE)
    assert not kvm_vcpu_wake_up(kvm, kvm.vcpus[0])
    kvm.vcpus[0].mp_state = HALTED
    assert kvm_vcpu_wake_up(kvm, kvm.vcpus[0])


@pytest.mark.parametrize("mode", MODES)
def test_a_kick_interrupts_a_vcpu_in_the_guest(mode: str) -> None:
    kvm = several(V6_12, mode, OUTSIDE_GUEST_MODE)
    kvm_vcpu_kick(kvm, kvm.vcpus[0], here=1)
    sent = [Kicked(0, 0, "kvm_vcpu_kick", False)] if mode == IN_GUEST_MODE else []
    assert events_of(kvm, Kicked) == sent
    assert kvm.hw.pending[0].irr == (1 << RESCHEDULE_VECTOR if sent else 0)


def test_a_kick_of_the_vcpu_that_runs_here_sends_nothing() -> None:
    kvm = several(V6_12, IN_GUEST_MODE)
    kvm_vcpu_kick(kvm, kvm.vcpus[0], here=0)
    assert events_of(kvm, Kicked) == []


def test_a_kick_wakes_a_sleeper_instead() -> None:
    kvm = several(V6_12, OUTSIDE_GUEST_MODE)
    kvm.vcpus[0].mp_state = HALTED
    kvm_vcpu_kick(kvm, kvm.vcpus[0])
    assert events_of(kvm, WokenUp, Kicked) == [WokenUp(0)]


def test_a_host_that_has_interrupts_on_takes_the_ipi_at_once() -> None:
    kvm = several(V6_12, READING_SHADOW_PAGE_TABLES)
    assert kvm_make_all_cpus_request(kvm, "TLB_FLUSH", "a test")
    assert [event.vector for event in events_of(kvm, Taken)] == [CALL_FUNCTION_VECTOR]     # type: ignore[attr-defined]
    assert kvm.hw.pending[0].irr == 0


@pytest.mark.parametrize(("name", "dirty"), [("v3.1", True), ("v4.15", True), ("v5.14", True), ("v5.16", False), (V6_12, False)])
def test_tlbs_dirty_lasts_until_the_next_remote_flush(name: str, dirty: bool) -> None:
    """A.3: E11 to E20."""
    kvm = several(name, OUTSIDE_GUEST_MODE)
    for _ in range(2):
        count_tlbs_dirty(kvm)
    assert tlbs_dirty(kvm) is dirty
    kvm_flush_remote_tlbs(kvm, "a test")
    assert not tlbs_dirty(kvm)


@pytest.mark.parametrize("name", ALL_KERNELS)
def test_a_guest_that_runs_exits_for_a_remote_flush_before_its_next_instruction(name: str) -> None:
    m = Machine(name)
    m.run("nop")
    kvm_flush_remote_tlbs(m.kvm, "a test")
    assert (m.vcpu.mode, m.vcpu.todo) == (EXITING_GUEST_MODE, ("guest",))
    m.program("nop")
    steps = [m.step()[0] for _ in range(2)]
    assert (steps, len(m.vcpu.program)) == (["guest", "handle_exit"], 1)
    events = m.run("nop")
    assert (exits(events), served(events), m.pending(), m.vcpu.program) == ([], ["TLB_FLUSH"], [], ())
    assert m.stat("irq_exits") == 1
