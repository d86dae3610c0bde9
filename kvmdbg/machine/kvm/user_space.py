"""The thread of a vCPU between KVM_RUN and user space: how it is brought out of the guest for an ioctl.

Source: a signal for the thread: its processor takes an interrupt (the kick), the VM exit is handled, KVM_RUN returns -EINTR.
"""

from __future__ import annotations

from kvmdbg.machine.hw.controls import EXIT_REASON_EXTERNAL_INTERRUPT
from kvmdbg.machine.hw.exit import vm_exit
from kvmdbg.machine.hw.faults import VmExit
from kvmdbg.machine.hw.modes import non_root
from kvmdbg.machine.kvm.events import Ioctl
from kvmdbg.machine.kvm.run import handle_exit, set_mode
from kvmdbg.machine.kvm.sched import kvm_arch_vcpu_load
from kvmdbg.machine.kvm.state import OUTSIDE_GUEST_MODE, Kvm, Vcpu


def leave_kvm_run(kvm: Kvm, vcpu: Vcpu) -> None:
    """Bring the vCPU's thread out of KVM_RUN, with whatever it was in the middle of undone or finished.

    In the guest it takes an interrupt, which is L0's; behind the last look at the requests the entry is cancelled; an exit
    that waits to be handled is handled.
    """
    if vcpu.todo[:1] == ("guest",) and non_root(kvm.cpu(vcpu)):
        vm_exit(kvm.hw, kvm.cpu(vcpu), VmExit(EXIT_REASON_EXTERNAL_INTERRUPT))
        kvm.count(vcpu.id, "exits")
        kvm.ops.vcpu_after_exit(kvm, vcpu)
        set_mode(kvm, vcpu, OUTSIDE_GUEST_MODE)
        vcpu.todo = ("vcpu_enter_guest",)
    elif vcpu.todo[:1] in (("disable_irqs",), ("vmenter",)):
        set_mode(kvm, vcpu, OUTSIDE_GUEST_MODE)
        kvm.ops.cancel_injection(kvm, vcpu)
        vcpu.todo = ("vcpu_enter_guest",)
    elif vcpu.todo[:1] == ("handle_exit",):
        handle_exit(kvm, vcpu)
    elif vcpu.todo[:1] == ("vcpu_load",):
        kvm_arch_vcpu_load(kvm, vcpu, vcpu.next_cpu)
        vcpu.todo = vcpu.todo[1:]


def returned(kvm: Kvm, vcpu: Vcpu, name: str, error: str) -> None:
    """What an ioctl returned to user space."""
    kvm.emit(Ioctl, vcpu.id, name, error or "ok")
