"""User space resets a vCPU."""

from __future__ import annotations

import pytest

from kvm_support import Machine, of
from kvmdbg.errors import Unsupported
from kvmdbg.machine.kvm.events import Ioctl, VcpuReset


@pytest.mark.parametrize("kernel", ["cae501397a25", "v4.4", "v5.7", "v6.12"])
def test_out_of_l2(kernel: str) -> None:
    m = Machine(kernel).start()
    events = m.host("reset")
    assert of(events, VcpuReset, Ioctl) == [VcpuReset(0, "user space"), Ioctl(0, "KVM_SET_SREGS", "ok")]
    assert not m.vcpu.guest_mode and not m.vcpu.vmxon and m.vcpu.cr0 == 0x6000_0010
    m.run("nop")
    assert m.vcpu.exit_to_user == ""


def test_a_vcpu_whose_run_has_ended_goes_on() -> None:
    m = Machine()
    m.run("load 0x7fff0000000")
    m.vcpu.exit_to_user = "KVM_EXIT_SHUTDOWN"
    m.host("reset")
    m.run("nop")
    assert m.vcpu.exit_to_user == "" and m.cpu.rip == 0xFFF1


def test_before_v3_14_user_space_cannot_end_l2() -> None:
    m = Machine("cae501397a25^").start()
    with pytest.raises(Unsupported, match="could not end L2"):
        m.host("reset")
