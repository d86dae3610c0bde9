"""IA32_DEBUGCTL of a guest is not switched by the model's KVM."""

from __future__ import annotations

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.msr.debugctl import IA32_DEBUGCTL
from kvmdbg.machine.kvm.guest_msr import guest_msr
from kvmdbg.machine.kvm.state import Kvm, Vcpu


def get(kvm: Kvm, vcpu: Vcpu) -> int:
    raise Unsupported("IA32_DEBUGCTL of a guest is not modelled", "It has nothing to do with flushing.")


def set_debugctl(kvm: Kvm, vcpu: Vcpu, value: int, host_initiated: bool) -> bool:
    return bool(get(kvm, vcpu))


guest_msr(IA32_DEBUGCTL, "IA32_DEBUGCTL", source="vmx.c: vmx_set_msr(), MSR_IA32_DEBUGCTLMSR", get=get, set=set_debugctl)
