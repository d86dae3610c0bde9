"""INIT where it acts, where it is an exit of L2, and where it is refused."""

from __future__ import annotations

import pytest

from kvm_support import Machine, of
from kvmdbg.errors import KvmdbgError, Unsupported, UserError
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


def test_in_l1_in_vmx_operation_it_waits() -> None:
    m = Machine().given_vmx()
    with pytest.raises(UserError, match="waits until VMXOFF"):
        m.host("init")
    Machine("v4.15").given_vmx().host("init")


@pytest.mark.parametrize(("kernel", "error", "words"), [
    ("v3.1", Unsupported, "waits for a SIPI"), ("66450a21f996^", Unsupported, "waits for a SIPI"),
    ("v4.15", Unsupported, "it reset vmcs02"), ("v6.12", UserError, "nested_run_pending")])
def test_refused(kernel: str, error: type[KvmdbgError], words: str) -> None:
    m = Machine(kernel).given_vmx().given_l2(vpid=None, eptp=None)
    m.run("vmclear 0x5000", "vmptrld 0x5000")
    m.program("vmlaunch")
    m.step_to("disable_irqs")
    while not m.vcpu.guest_mode:
        m.step()
    end = m.kvm.tape.end
    with pytest.raises(error, match=words):
        m.host("init")
    assert m.kvm.tape.end == end
