"""Events of a vCPU, as user space saves and restores them."""

from __future__ import annotations

import pytest

from events_support import in_l2, rounds, story
from kvm_support import Machine
from kvmdbg.machine.hw.controls import BLOCKING_NMI, BLOCKING_STI
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm.kvm_vcpu_events import (
    KvmVcpuEvents,
    kvm_vcpu_ioctl_x86_get_vcpu_events,
    kvm_vcpu_ioctl_x86_set_vcpu_events,
)
from kvmdbg.machine.kvm.user_space import leave_kvm_run
from kvmdbg.machine.kvm.vcpu_events import PendingException
from kvmdbg.machine.kvm.vmx_ops import read

NOTHING = KvmVcpuEvents(None, None, -1, 0, False, 0, False, False, False, False)
SS = PendingException("#SS", 0xDEADBEEF, 0, True)
SS_BITMAP = 1 << 12


def out(m: Machine) -> Machine:
    leave_kvm_run(m.kvm, m.vcpu)
    return m


def stuffed(m: Machine, **fields: object) -> str:
    return kvm_vcpu_ioctl_x86_set_vcpu_events(m.kvm, out(m).vcpu, NOTHING._replace(**fields))        # type: ignore[arg-type]


def got(m: Machine) -> KvmVcpuEvents:
    return kvm_vcpu_ioctl_x86_get_vcpu_events(m.kvm, out(m).vcpu)


@pytest.mark.parametrize("fields", [
    {}, {"pending": SS}, {"injected": SS}, {"interrupt": 0x31}, {"nmi_injected": True}, {"nmi_pending": 1}, {"nmi_masked": True},
    {"shadow": BLOCKING_STI}, {"smi_pending": True}, {"smm": True}, {"triple_fault": True}])
def test_what_is_restored_is_read_back(fields: dict[str, object]) -> None:
    m = Machine()
    m.run("nop")
    assert stuffed(m, **fields) == ""
    assert got(m) == NOTHING._replace(**fields)                                                      # type: ignore[arg-type]


def test_blocking_is_in_the_vmcs() -> None:
    m = Machine()
    m.run("nop")
    stuffed(m, nmi_masked=True, shadow=BLOCKING_STI)
    assert read(m.kvm, m.vcpu, F.GUEST_INTERRUPTIBILITY_INFO) == BLOCKING_NMI | BLOCKING_STI


@pytest.mark.parametrize(("name", "code"), [("v5.8", 0xDEADBEEF), ("v6.12", 0xBEEF)])
def test_a_pending_exception_of_l2_may_be_l1s(name: str, code: int) -> None:
    """eba9799b5a6e cuts the error code."""
    m = in_l2(name, EXCEPTION_BITMAP=SS_BITMAP)
    stuffed(m, pending=SS)
    assert story(rounds(m)[1])[0] == "L1 sees 0"
    assert (m.vmread("VM_EXIT_INTR_INFO"), m.vmread("VM_EXIT_INTR_ERROR_CODE")) == (0x8000_0B0C, code)


@pytest.mark.parametrize("bitmap", [0, SS_BITMAP])
def test_an_injected_one_passes_l1s_bitmap(bitmap: int) -> None:
    m = in_l2("v6.12", EXCEPTION_BITMAP=bitmap)
    stuffed(m, injected=SS)
    assert story(rounds(m)[1])[:2] == ["inject 0xc again", "deliver 0xc"]


def test_a_pending_one_that_l1_leaves_alone_is_injected() -> None:
    m = in_l2("v6.12")
    stuffed(m, pending=SS)
    assert story(rounds(m)[1])[:2] == ["inject 0xc", "deliver 0xc"]


@pytest.mark.parametrize("name", ["v4.15", "v5.7"])
def test_what_a_kernel_cannot_be_told(name: str) -> None:
    m = Machine(name)
    m.run("nop")
    assert stuffed(m, triple_fault=True) == "EINVAL"
    assert stuffed(m, pending=SS) == ("EINVAL" if name == "v4.15" else "")


def test_before_v4_20_a_pending_exception_is_told_as_an_injected_one() -> None:
    m = Machine("v4.15")
    m.run("nop")
    out(m).vcpu.exception = SS
    assert (got(m).pending, got(m).injected) == (None, SS)


def test_an_nmi_for_l1_comes_before_l2_goes_on() -> None:
    m = in_l2("v6.12")
    stuffed(m, nmi_pending=1)
    assert story(rounds(m)[1])[0] == "L1 sees 0"
    assert m.vmread("VM_EXIT_INTR_INFO") == 0x8000_0202


def test_entering_smm_so_leaves_nesting() -> None:
    m = in_l2("v6.12")
    stuffed(m, smm=True)
    assert (m.vcpu.smm, m.vcpu.guest_mode, m.vcpu.vmxon) == (True, False, False)
