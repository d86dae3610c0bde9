"""The scheduler moves a vCPU to another processor."""

from __future__ import annotations

import pytest

from kvm_support import L1_PAGE, L2_PAGE, Machine, exits, made, names, of, served
from kvmdbg.errors import UserError
from kvmdbg.machine.hw.events import VmEntered
from kvmdbg.machine.hw.state import NO_VMCS
from kvmdbg.machine.kvm.events import VmcsCleared

LOAD = f"load {L1_PAGE:#x}"
EVERY = ("v3.1", "v4.3", "v4.4", "v4.15", "v5.7", "v5.8", "v5.14", "v6.12")


@pytest.mark.parametrize("kernel", EVERY)
def test_the_vmcs_is_cleared_there_and_all_is_flushed_here(kernel: str) -> None:
    m = Machine(kernel, cpus=2).given_vmx()
    m.run(LOAD)
    cached = dict(m.kvm.hw.tlb[0].items())
    events = m.host("migrate pcpu1")
    assert exits(events) == [1] and m.vcpu.todo[0] == "vcpu_load"
    events = m.run(LOAD)
    assert of(events, VmcsCleared) == [VmcsCleared(0, "vmcs01", 0)]
    assert "TLB_FLUSH" in made(events) and "TLB_FLUSH" in served(events)
    assert [event.cpu for event in of(events, VmEntered)][0] == 1
    assert (m.kvm.hw.cpus[0].current_vmcs, m.vcpu.cpu, m.vcpu.vmcs01_cpu) == (NO_VMCS, 1, 1)
    assert dict(m.kvm.hw.tlb[0].items()) == cached, "the old processor keeps what it has"
    assert any(key.page == L1_PAGE for key, _ in m.kvm.hw.tlb[1].items())


@pytest.mark.parametrize("kernel", EVERY[1:])
def test_vmcs02_has_a_processor_of_its_own(kernel: str) -> None:
    """D, "VMCS switch": vmcs02 last used on another processor asks for a flush at the nested transition."""
    m = Machine(kernel, cpus=2).start()
    m.run(f"load {L2_PAGE:#x}", "vmcall")
    m.host("migrate pcpu1")
    m.run("nop")
    assert (m.vcpu.vmcs01_cpu, m.vcpu.vmcs02_cpu) == (1, 0)
    events = m.run("vmresume")
    assert of(events, VmcsCleared) == [VmcsCleared(0, "vmcs02", 0)] and "TLB_FLUSH" in made(events)
    assert m.vcpu.vmcs02_cpu == 1
    m.run("vmcall")
    assert of(m.run("vmresume"), VmcsCleared) == []


def test_a_vcpu_that_has_not_run_begins_where_it_is_put() -> None:
    m = Machine(cpus=3)
    assert names(m.host("migrate pcpu2")) == []
    m.run("nop")
    assert m.vcpu.cpu == 2


def test_back_again_it_is_new_there_once_more() -> None:
    m = Machine(cpus=2).given_vmx()
    for cpu in (1, 0):
        m.host(f"migrate {cpu}")
        assert made(m.run("nop")).count("TLB_FLUSH") == 1


@pytest.mark.parametrize(("where", "words"), [
    ("pcpu0", "is on pcpu0 already"), ("pcpu2", "there is no pcpu2"), ("moon", "must be a processor")])
def test_where_it_cannot_go(where: str, words: str) -> None:
    m = Machine(cpus=2).given_vmx()
    end = m.kvm.tape.end
    with pytest.raises(UserError, match=words):
        m.host(f"migrate {where}")
    assert m.kvm.tape.end == end


def test_not_with_interrupts_off() -> None:
    m = Machine(cpus=2).given_vmx()
    m.program("cpuid")
    m.step_to("vmenter")
    end = m.kvm.tape.end
    with pytest.raises(UserError, match="interrupts off"):
        m.host("migrate pcpu1")
    assert m.kvm.tape.end == end
