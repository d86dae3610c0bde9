"""IA32_FEATURE_CONTROL of a guest: may it enter VMX operation? Its firmware has said yes, unless user space says something else."""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw.msr.feature_control import (
    IA32_FEATURE_CONTROL,
    LOCKED,
    VMX_INSIDE_SMX,
    VMX_OUTSIDE_SMX,
    VMXON_NEEDED_FEATURES,
    allows_vmxon,
)
from kvmdbg.machine.kvm.guest_msr import guest_msr, keep, kept
from kvmdbg.machine.kvm.state import Kvm, Vcpu

VALID_BITS: Final = LOCKED | VMX_INSIDE_SMX | VMX_OUTSIDE_SMX


def get(kvm: Kvm, vcpu: Vcpu) -> int:
    """Until b3897a49e22f (v3.12) a guest read 0, whatever its firmware wanted."""
    if not kvm.era.emulates_feature_control():
        return 0
    return kept(kvm, vcpu, IA32_FEATURE_CONTROL, VMXON_NEEDED_FEATURES if kvm.config.nested else LOCKED)


def set_feature_control(kvm: Kvm, vcpu: Vcpu, value: int, host_initiated: bool) -> bool:
    """Locked for the guest, not for user space."""
    if not kvm.era.emulates_feature_control() or get(kvm, vcpu) & LOCKED and not host_initiated:
        return False
    if not kvm.era.checks_feature_control_bits():
        legal = kvm.config.nested
    else:
        legal = not value & ~(VALID_BITS if kvm.config.nested else LOCKED)
    if not legal:
        return False
    keep(kvm, vcpu, IA32_FEATURE_CONTROL, value)
    return True


def vmxon_is_allowed(kvm: Kvm, vcpu: Vcpu) -> bool:
    """Locked and enabled; before b3897a49e22f nobody asked (nested.c: handle_vmxon())."""
    return not kvm.era.emulates_feature_control() or allows_vmxon(get(kvm, vcpu))


guest_msr(IA32_FEATURE_CONTROL, "IA32_FEATURE_CONTROL", source="vmx.c: vmx_set_msr(), MSR_IA32_FEAT_CTL", get=get,
          set=set_feature_control)
