"""KVM_GET_NESTED_STATE and KVM_SET_NESTED_STATE (nested.c: vmx_get_nested_state(), vmx_set_nested_state(); kvm.md E.7).

What user space gets is a value, `vcpu.saved_nested_state`; it stays with the machine until user space gives it back.  Restored into
guest mode, vmcs02 is built without touching L1's memory: the pages that vmcs12 names are mapped by a request, at the next VM entry.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from kvmdbg.machine.hw.vmcs import SHADOW_INDICATOR
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.machine.kvm.errno import EFAULT, EINVAL, OK
from kvmdbg.machine.kvm.kvm_host import kvm_make_request
from kvmdbg.machine.kvm.nested import NO_EXIT, nested_vmx_enter_non_root_mode, nested_vmx_vmexit
from kvmdbg.machine.kvm.nested_checks import nested_check_area
from kvmdbg.machine.kvm.nested_insn import bad_address, free_nested, set_current_vmptr, start_vmx_operation
from kvmdbg.machine.kvm.nested_vmcs12 import sync_vmcs02_to_vmcs12
from kvmdbg.machine.kvm.preemption_timer import restart_preemption_timer
from kvmdbg.machine.kvm.shadow_vmcs import copy_shadow_to_vmcs12
from kvmdbg.machine.kvm.shadow_vmcs12 import get_shadow_vmcs12, nested_cpu_has_shadow_vmcs, put_shadow_vmcs12
from kvmdbg.machine.kvm.state import INVALID_GPA, Kvm, NestedState, Vcpu
from kvmdbg.machine.kvm.vcpu_events import NO_TIMER

GUEST_MODE: Final = 0x1                     # KVM_STATE_NESTED_*
RUN_PENDING: Final = 0x2
EVMCS: Final = 0x4
MTF_PENDING: Final = 0x8
KNOWN_FLAGS: Final = GUEST_MODE | RUN_PENDING | EVMCS | MTF_PENDING
SMM_GUEST_MODE: Final = 0x1                 # KVM_STATE_NESTED_SMM_*
SMM_VMXON: Final = 0x2
TIMER_DEADLINE: Final = 0x1                 # KVM_STATE_VMX_PREEMPTION_TIMER_DEADLINE
HEADER: Final = 128                         # bytes of struct kvm_nested_state without data
VMCS12_SIZE: Final = 0x1000

OFF: Final = NestedState(0, HEADER, 0, INVALID_GPA, INVALID_GPA, 0, 0, ())


def vmx_get_nested_state(kvm: Kvm, vcpu: Vcpu) -> NestedState:
    """What the vCPU's virtual VMX is about; L2's registers are brought into vmcs12 first."""
    if not (vcpu.vmxon or vcpu.smm_vmxon):
        return OFF
    flags = 0
    if vcpu.guest_mode:
        flags = GUEST_MODE | (RUN_PENDING if vcpu.nested_run_pending else 0) | (
            MTF_PENDING if kvm.events(vcpu).mtf_pending else 0)
        mp_state = vcpu.mp_state
        sync_vmcs02_to_vmcs12(kvm, vcpu)
        vcpu.mp_state = mp_state
    elif not vcpu.need_vmcs12_to_shadow_sync and vcpu.current_vmptr != INVALID_GPA:
        copy_shadow_to_vmcs12(kvm, vcpu)
    smm = (SMM_VMXON if vcpu.smm_vmxon else 0) | (SMM_GUEST_MODE if vcpu.smm_guest_mode else 0)
    has_vmcs12 = vcpu.current_vmptr != INVALID_GPA
    has_shadow = vcpu.guest_mode and nested_cpu_has_shadow_vmcs(kvm, vcpu)
    runs = kvm.events(vcpu).timer != NO_TIMER and kvm.era.timer_goes_along_with_nested_state()
    return NestedState(0, HEADER + VMCS12_SIZE * (has_vmcs12 + has_shadow), flags, vcpu.vmxon_ptr, vcpu.current_vmptr, smm,
                       TIMER_DEADLINE if runs else 0,
                       members(kvm, vcpu, vmcs12.get) if has_vmcs12 else (),
                       members(kvm, vcpu, get_shadow_vmcs12) if has_shadow else (), kvm.events(vcpu).timer if runs else 0)


def members(kvm: Kvm, vcpu: Vcpu, get: Callable[[Kvm, Vcpu, int], int]) -> tuple[tuple[int, int], ...]:
    """(member, value) of vmcs12 or of the shadow vmcs12, those that are not 0."""
    found = ((encoding, get(kvm, vcpu, encoding)) for encoding in vmcs12.ENCODINGS)
    return tuple((encoding, value) for encoding, value in found if value)


def vmx_leave_nested(kvm: Kvm, vcpu: Vcpu) -> None:
    """Out of guest mode and out of VMX operation, whatever L1 thinks of it."""
    if vcpu.guest_mode:
        vcpu.nested_run_pending = False
        nested_vmx_vmexit(kvm, vcpu, NO_EXIT, 0)
    if vcpu.vmxon or vcpu.smm_vmxon:
        free_nested(kvm, vcpu)


def kvm_set_nested_state(kvm: Kvm, vcpu: Vcpu, state: NestedState | None) -> str:
    """The ioctl: OK or the error.  state: None: user space gave a pointer to nothing (kvm_arch_vcpu_ioctl())."""
    if state is None:
        return EFAULT
    return EINVAL if malformed(state) else vmx_set_nested_state(kvm, vcpu, state)


def vmx_set_nested_state(kvm: Kvm, vcpu: Vcpu, state: NestedState) -> str:
    """OK or the error.  An error that is found late leaves the vCPU without nesting, as in the kernel."""
    if illegal(kvm, vcpu, state):
        return EINVAL
    vmx_leave_nested(kvm, vcpu)
    if state.vmxon_pa == INVALID_GPA:
        return OK
    start_vmx_operation(kvm, vcpu, state.vmxon_pa)
    if state.size < HEADER + VMCS12_SIZE:
        return EINVAL if state.flags & (GUEST_MODE | EVMCS) or state.vmcs12_pa != INVALID_GPA else OK
    if state.vmcs12_pa in (INVALID_GPA, state.vmxon_pa) or bad_address(kvm, state.vmcs12_pa):
        return EINVAL
    set_current_vmptr(kvm, vcpu, state.vmcs12_pa)
    if state.smm_flags & SMM_VMXON:
        vcpu.smm_vmxon, vcpu.vmxon = True, False
        vcpu.smm_guest_mode = bool(state.smm_flags & SMM_GUEST_MODE)
    found = dict(state.vmcs12)
    if found.get(vmcs12.REVISION, 0) & ~SHADOW_INDICATOR != vmcs12.VMCS12_REVISION:
        return EINVAL
    for encoding in vmcs12.ENCODINGS:
        vmcs12.put(kvm, vcpu, encoding, found.get(encoding, 0))
    if not state.flags & GUEST_MODE:
        return OK
    vcpu.nested_run_pending = bool(state.flags & RUN_PENDING)
    kvm.events(vcpu).mtf_pending = bool(state.flags & MTF_PENDING)
    if not restore_shadow_vmcs12(kvm, vcpu, state):
        vcpu.nested_run_pending = False
        return EINVAL
    if any(nested_check_area(kvm, vcpu, area) for area in ("control", "host", "guest")):
        vcpu.nested_run_pending = False
        return EINVAL
    vcpu.dirty_vmcs12 = True
    nested_vmx_enter_non_root_mode(kvm, vcpu, from_vmentry=False)
    if state.vmx_flags & TIMER_DEADLINE and kvm.era.timer_goes_along_with_nested_state():
        restart_preemption_timer(kvm, vcpu, state.timer)
    if kvm.events(vcpu).mtf_pending:
        kvm_make_request(kvm, vcpu, "EVENT", "vmx_set_nested_state")
    return OK


def restore_shadow_vmcs12(kvm: Kvm, vcpu: Vcpu, state: NestedState) -> bool:
    """The copy of L2's shadow VMCS, where vmcs12 asks for one; False when user space has none to give, or another thing."""
    if not nested_cpu_has_shadow_vmcs(kvm, vcpu):
        return True
    found = dict(state.shadow_vmcs12)
    if state.size < HEADER + 2 * VMCS12_SIZE or found.get(vmcs12.REVISION) != vmcs12.VMCS12_REVISION | SHADOW_INDICATOR:
        return False
    for encoding in vmcs12.ENCODINGS:
        put_shadow_vmcs12(kvm, vcpu, encoding, found.get(encoding, 0))
    return True


def malformed(state: NestedState) -> bool:
    """What is wrong with it whoever made the processor (kvm_arch_vcpu_ioctl())."""
    return (state.size < HEADER or bool(state.flags & ~KNOWN_FLAGS)
            or bool(state.flags & RUN_PENDING and not state.flags & GUEST_MODE))


def illegal(kvm: Kvm, vcpu: Vcpu, state: NestedState) -> bool:
    """The checks of vmx_set_nested_state() that come before anything changes.  A guest without VMX in its CPUID is nested=0."""
    guest_mode, in_smm = bool(state.flags & GUEST_MODE), state.smm_flags & SMM_GUEST_MODE
    if state.format or state.flags & EVMCS:
        return True
    if state.vmxon_pa == INVALID_GPA:
        if state.smm_flags or state.vmcs12_pa != INVALID_GPA or state.flags:
            return True
    elif not kvm.config.nested or bad_address(kvm, state.vmxon_pa):
        return True
    if (in_smm and guest_mode) or state.smm_flags & ~(SMM_GUEST_MODE | SMM_VMXON) or state.vmx_flags & ~TIMER_DEADLINE:
        return True
    if state.flags & (GUEST_MODE | RUN_PENDING) if vcpu.smm else state.smm_flags:
        return True
    return bool(in_smm and not state.smm_flags & SMM_VMXON)
