"""Special registers as user space reads and writes them."""

from __future__ import annotations

from kvm_support import Machine, names
from kvmdbg.machine.hw.controls import CR4_PGE
from kvmdbg.machine.kvm.sregs import get_sregs, set_sregs, sregs_problem


def outside() -> Machine:
    m = Machine()
    m.program("cpuid")
    m.step_to("handle_exit")
    return m


def test_what_is_read_can_be_written_back() -> None:
    m = outside()
    sregs = get_sregs(m.kvm, m.vcpu)
    assert sregs_problem(m.kvm, sregs) == ""
    end = m.kvm.tape.end
    set_sregs(m.kvm, m.vcpu, sregs)
    assert m.kvm.tape.end == end


def test_a_changed_cr4_frees_the_roots() -> None:
    m = outside()
    sregs = get_sregs(m.kvm, m.vcpu)
    start = m.kvm.tape.cursor
    set_sregs(m.kvm, m.vcpu, sregs._replace(cr4=sregs.cr4 ^ CR4_PGE))
    assert "RootFreed" in names(m.since(start)) and get_sregs(m.kvm, m.vcpu).cr4 == sregs.cr4 ^ CR4_PGE
