"""What may happen next, and making it happen."""

from __future__ import annotations

import pytest

from kvm_support import L1_PAGE, Machine, names
from kvmdbg.errors import Unsupported, UserError
from kvmdbg.machine.actions import Action, do, enabled, load_program, waits, why_idle
from kvmdbg.machine.boot import boot
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.hw.instructions import parse_insn
from kvmdbg.machine.kvm.code import place_code

FIRST_ENTRY = ["vcpu_load", "vcpu_enter_guest", "disable_irqs", "vmenter"]


def test_the_way_to_the_guest_is_four_actions() -> None:
    m = Machine()
    taken = []
    while enabled(m.kvm):
        (action,) = enabled(m.kvm)
        taken.append(action.name)
        do(m.kvm, action)
    assert taken == FIRST_ENTRY
    assert waits(m.kvm, 0)


def test_a_guest_with_an_empty_program_is_not_enabled() -> None:
    m = Machine()
    m.run()
    for _ in FIRST_ENTRY:
        m.step()
    assert enabled(m.kvm) == ()
    assert why_idle(m.kvm, m.vcpu) == "its guest waits for an instruction (`inject`)"
    load_program(m.kvm, 0, (parse_insn("nop"),), front=True)
    assert enabled(m.kvm) == (Action(0, "guest"),)
    assert not waits(m.kvm, 0)


def test_an_exit_goes_round_by_handle_exit() -> None:
    m = Machine()
    m.run("nop")
    m.program("cpuid")
    assert [m.step()[0] for _ in range(5)] == ["guest", "handle_exit", "vcpu_enter_guest", "disable_irqs", "vmenter"]
    assert waits(m.kvm, 0)


def test_load_program_writes_in_front_or_behind() -> None:
    m = Machine()
    one, two, three = (parse_insn(text) for text in ("nop", "cpuid", "hlt"))
    load_program(m.kvm, 0, (one,), front=False)
    load_program(m.kvm, 0, (two,), front=False)
    load_program(m.kvm, 0, (three,), front=True)
    assert m.vcpu.program == (three, one, two)
    assert m.kvm.tape.end == 3


@pytest.mark.parametrize(("insn", "words"), [
    ("nop", "its guest waits"), ("hlt", "it is halted"), ("load 0x70000000", "its guest waits")])
def test_an_action_that_is_not_enabled_is_refused_and_says_why(insn: str, words: str) -> None:
    m = Machine()
    m.run(insn)
    end = m.kvm.tape.end
    with pytest.raises(UserError, match=f"vcpu0 cannot do 'guest' now: {words}"):
        do(m.kvm, Action(0, "guest"))
    assert m.kvm.tape.end == end


def test_a_vcpu_that_left_for_user_space_stays_there() -> None:
    m = Machine(memory=0x4000_0000)
    m.map("L1", L1_PAGE, 0x5000_0000)
    m.run(f"load {L1_PAGE:#x}")
    assert m.vcpu.exit_to_user == "KVM_EXIT_MMIO (no memory at 0x50000000)"
    assert enabled(m.kvm) == ()
    assert why_idle(m.kvm, m.vcpu).startswith("KVM_RUN has returned to user space: KVM_EXIT_MMIO")


def test_a_vcpu_that_can_run_says_what_it_does_next() -> None:
    assert why_idle((fresh := Machine()).kvm, fresh.vcpu) == "it does 'vcpu_load' next"
    with pytest.raises(UserError, match="it does 'vcpu_load' next"):
        do(Machine().kvm, Action(0, "guest"))


def test_an_action_that_needs_what_the_model_lacks_leaves_no_trace() -> None:
    m = Machine()
    m.run("nop")
    place_code(m.kvm, 1, m.cpu.rip, (parse_insn("load 0x8000000000000000"),))
    before, end = m.kvm.tape.digest(), m.kvm.tape.end
    with pytest.raises(Unsupported, match="no IDT"):
        m.step()
    assert (m.kvm.tape.digest(), m.kvm.tape.end) == (before, end)


def test_stacks_end_at_the_action() -> None:
    kvm = boot(kernel("v6.12"), listening=True)
    do(kvm, Action(0, "vcpu_load"))
    functions = [frame.function for frame in kvm.tape.stack(kvm.tape.end - 1)]
    assert functions[-1] == "vcpu_load"
    assert "do" not in functions


def test_the_first_load_of_a_vmcs_asks_to_flush_everything() -> None:
    name, events = Machine().step()
    assert (name, names(events)) == ("vcpu_load", ["Decided", "RequestMade", "RequestMade"])
