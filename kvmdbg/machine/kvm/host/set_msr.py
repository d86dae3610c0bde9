"""host set-msr: user space writes a model-specific register of a vCPU (KVM_SET_MSRS)."""

from __future__ import annotations

from typing import Final

from kvmdbg.errors import UserError
from kvmdbg.machine.hw.capabilities import NUMBERS
from kvmdbg.machine.hw.msr.feature_control import IA32_FEATURE_CONTROL
from kvmdbg.machine.hw.operands import MSR, VALUE_64
from kvmdbg.machine.kvm.errno import OK
from kvmdbg.machine.kvm.host_event import host_event
from kvmdbg.machine.kvm.nested_state import vmx_leave_nested
from kvmdbg.machine.kvm.state import Kvm, Vcpu
from kvmdbg.machine.kvm.user_space import leave_kvm_run, returned
from kvmdbg.machine.kvm.vmx_msrs import kvm_set_msr

CAPABILITIES: Final = {number: name for name, number in NUMBERS.items() if number != IA32_FEATURE_CONTROL}
NONE_SET: Final = "0 of 1 set"


@host_event("set-msr", operands=(MSR, VALUE_64), source="x86.c: do_set_msr(), msr_io(); vmx.c: vmx_set_msr()")
def happen(kvm: Kvm, vcpu: Vcpu, number: int, value: int) -> None:
    """User space writes a register of the vCPU: IA32_FEATURE_CONTROL also where it is locked, 0 there ends VMX operation."""
    if number in CAPABILITIES:
        raise UserError(f"host set-msr: {CAPABILITIES[number]} is chosen with the machine",
                        "`machine l1.NAME=VALUE` takes capabilities from L1.")
    leave_kvm_run(kvm, vcpu)
    done = kvm_set_msr(kvm, vcpu, number, value, host_initiated=True)
    if done and number == IA32_FEATURE_CONTROL and not value and kvm.era.user_space_can_leave_vmx():
        vmx_leave_nested(kvm, vcpu)
    returned(kvm, vcpu, "KVM_SET_MSRS", OK if done else NONE_SET)
