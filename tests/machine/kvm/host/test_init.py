"""INIT where it acts, where it is an exit of L2, where it waits, and where it is refused."""

from __future__ import annotations

import pytest

from events_support import in_l2, launched, rounds, story
from kvm_support import Machine, of
from kvmdbg.errors import KvmdbgError, Unsupported
from kvmdbg.machine.kvm.events import NestedExited, VcpuReset


@pytest.mark.parametrize("kernel", ["v4.3", "v5.7", "v6.12"])
def test_a_vcpu_that_sleeps_or_runs_or_has_not_begun(kernel: str) -> None:
    for before in ((), ("nop",), ("hlt",)):
        m = Machine(kernel)
        m.run(*before)
        assert of(m.host("init"), VcpuReset) == [VcpuReset(0, "INIT")]
        assert m.vcpu.mp_state == "RUNNABLE" and m.vcpu.program == ()
        m.run("nop")


@pytest.mark.parametrize("kernel", ["4b9852f4f389", "v5.7", "v5.14", "v6.12"])
def test_in_l2_it_is_an_exit_to_l1(kernel: str) -> None:
    m = Machine(kernel).start()
    m.run("nop")
    events = m.host("init")
    assert [event.reason for event in of(events, NestedExited)] == [3] and of(events, VcpuReset) == []
    assert not m.vcpu.guest_mode and m.vmread("VM_EXIT_REASON") == 3


@pytest.mark.parametrize("kernel", ["v5.7", "v6.12"])
def test_in_vmx_root_operation_it_waits_for_vmxoff(kernel: str) -> None:
    m = Machine(kernel).given_vmx()
    assert of(m.host("init"), VcpuReset) == []
    m.run("nop")
    assert m.vcpu.vmxon and m.kvm.events(m.vcpu).init_pending
    assert len(of(m.run("vmxoff"), VcpuReset)) == 1
    assert not m.kvm.events(m.vcpu).init_pending


def test_before_v5_4_it_acted_in_vmx_root_operation() -> None:
    assert of(Machine("v4.15").given_vmx().host("init"), VcpuReset)


def test_it_waits_for_rsm() -> None:
    m = Machine()
    m.host("smi")
    m.run("nop")
    m.host("init")
    m.run("nop")
    assert m.vcpu.smm
    assert len(of(m.run("rsm"), VcpuReset)) == 1


@pytest.mark.parametrize("kernel", ["v5.7", "v6.12"])
def test_behind_a_vmlaunch_l2_runs_first(kernel: str) -> None:
    m = launched(kernel)
    m.host("init")
    said = story(rounds(m)[1])
    assert said[0].startswith("at once") or "at once: preemption timer" in said
    assert "L1 sees 3" in said


def test_one_that_waited_in_root_operation_meets_l2() -> None:
    m = in_l2("v6.12")
    m.run("vmcall")
    m.host("init")
    m.program("vmresume")
    assert "L1 sees 3" in story(rounds(m)[1])


@pytest.mark.parametrize(("kernel", "error", "words"), [
    ("v3.1", Unsupported, "waits for a SIPI"), ("66450a21f996^", Unsupported, "waits for a SIPI"),
    ("v4.15", Unsupported, "it reset vmcs02")])
def test_refused(kernel: str, error: type[KvmdbgError], words: str) -> None:
    m = Machine(kernel).given_vmx().given_l2(vpid=None, eptp=None)
    m.enter()
    end = m.kvm.tape.end
    with pytest.raises(error, match=words):
        m.host("init")
    assert m.kvm.tape.end == end
