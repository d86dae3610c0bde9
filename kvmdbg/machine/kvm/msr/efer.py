"""IA32_EFER of a guest (x86.c: set_efer())."""

from __future__ import annotations

from kvmdbg.machine.hw.controls import CR0_PG
from kvmdbg.machine.hw.msr.efer import IA32_EFER, efer_after_write
from kvmdbg.machine.kvm.control_registers import finish
from kvmdbg.machine.kvm.guest_msr import guest_msr
from kvmdbg.machine.kvm.state import Kvm, Vcpu
from kvmdbg.machine.kvm.vmx_control_registers import vmx_set_efer


def set_efer(kvm: Kvm, vcpu: Vcpu, value: int, host_initiated: bool) -> bool:
    """IA32_EFER: NX, since v5.18 LME too, are of the MMU's role: a new root is loaded, and that flushes."""
    old = vcpu.efer
    efer = efer_after_write(value, old, bool(vcpu.cr0 & CR0_PG))
    if efer is None:
        return False
    vmx_set_efer(kvm, vcpu, efer)
    finish(kvm, vcpu, kvm.era.efer_aftermath(old, efer), "set_efer")
    return True


guest_msr(IA32_EFER, "IA32_EFER", source="x86.c: set_efer()", get=lambda kvm, vcpu: vcpu.efer, set=set_efer)
