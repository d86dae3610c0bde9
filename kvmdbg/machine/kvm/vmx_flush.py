"""Flushing on Intel: INVVPID and INVEPT as KVM issues them, and the hooks above them (vmx.c, vmx_ops.h; kvm.md C)."""

from __future__ import annotations

from kvmdbg.machine.hw import ept, invalidate
from kvmdbg.machine.hw.controls import SEC_ENABLE_VPID
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.machine.kvm.events import Decided
from kvmdbg.machine.kvm.questions.flushes import EVERY_CONTEXT
from kvmdbg.machine.kvm.state import INVALID_PAGE, Kvm, Root, Vcpu

VMX_VPID_EXTENT_INDIVIDUAL_ADDR = 0
VMX_VPID_EXTENT_SINGLE_CONTEXT = 1
VMX_VPID_EXTENT_ALL_CONTEXT = 2
VMX_EPT_EXTENT_CONTEXT = 1
VMX_EPT_EXTENT_GLOBAL = 2


# -- instructions and their fallbacks (C.1) ------------------------------------------------------------------------


def vpid_sync_vcpu_single(kvm: Kvm, vcpu: Vcpu, vpid: int) -> None:
    """INVVPID single-context; nothing for VPID 0."""
    if vpid:
        invalidate.invvpid(kvm.hw, kvm.cpu(vcpu), VMX_VPID_EXTENT_SINGLE_CONTEXT, vpid, 0)


def vpid_sync_vcpu_global(kvm: Kvm, vcpu: Vcpu) -> None:
    """INVVPID all-context.

    Nothing on a processor without it, which old kernels accept (61f1dd90bd16, I-3).
    """
    if VMX_VPID_EXTENT_ALL_CONTEXT in kvm.hw.caps.invvpid_types:
        invalidate.invvpid(kvm.hw, kvm.cpu(vcpu), VMX_VPID_EXTENT_ALL_CONTEXT, 0, 0)
    else:
        kvm.emit(Decided, vcpu.id, "vpid_sync_vcpu_global", "INVVPID?", "no", "the processor has neither single nor all-context",
                 "vmx.c: vpid_sync_vcpu_global()")


def vpid_sync_context(kvm: Kvm, vcpu: Vcpu, vpid: int) -> None:
    """Flush one VPID, by the whole TLB if the processor cannot do better."""
    if VMX_VPID_EXTENT_SINGLE_CONTEXT in kvm.hw.caps.invvpid_types:
        vpid_sync_vcpu_single(kvm, vcpu, vpid)
    elif vpid or kvm.era.fallback_flushes_all_for_vpid0():
        vpid_sync_vcpu_global(kvm, vcpu)


def vpid_sync_vcpu_addr(kvm: Kvm, vcpu: Vcpu, vpid: int, gla: int) -> None:
    """INVVPID individual-address, or the whole VPID on a processor that cannot do better (vmx_ops.h)."""
    if not vpid:
        return
    if VMX_VPID_EXTENT_INDIVIDUAL_ADDR in kvm.hw.caps.invvpid_types:
        invalidate.invvpid(kvm.hw, kvm.cpu(vcpu), VMX_VPID_EXTENT_INDIVIDUAL_ADDR, vpid, gla)
    else:
        vpid_sync_context(kvm, vcpu, vpid)


def ept_sync_global(kvm: Kvm, vcpu: Vcpu) -> None:
    """INVEPT all-context.

    Nothing on a processor without it, which old kernels accept (42aa53b4e1bd).
    """
    if VMX_EPT_EXTENT_GLOBAL in kvm.hw.caps.invept_types:
        invalidate.invept(kvm.hw, kvm.cpu(vcpu), VMX_EPT_EXTENT_GLOBAL, 0)
    else:
        kvm.emit(Decided, vcpu.id, "ept_sync_global", "INVEPT?", "no", "the processor has no all-context INVEPT",
                 "vmx.c: ept_sync_global()")


def ept_sync_context(kvm: Kvm, vcpu: Vcpu, eptp: int) -> None:
    """INVEPT single-context, or all contexts on a processor that cannot do better."""
    if VMX_EPT_EXTENT_CONTEXT in kvm.hw.caps.invept_types:
        invalidate.invept(kvm.hw, kvm.cpu(vcpu), VMX_EPT_EXTENT_CONTEXT, eptp)
    else:
        ept_sync_global(kvm, vcpu)


# -- which context -------------------------------------------------------------------------------------------------


def construct_eptp(kvm: Kvm, vcpu: Vcpu, root: Root) -> int:
    """The EPT pointer of a root: write-back, four levels (vmx.c: construct_eptp()).

    A and D flags for L1; for L2 as vmcs12's EPTP has its bit 6, even if vmcs12 does not enable EPT (nested_ept_ad_enabled()).
    """
    ad = kvm.hw.caps.ept_ad and kvm.era.uses_ept_accessed_bits()
    if ad and vcpu.guest_mode and kvm.era.nested_ept_ad():
        ad = bool(vmcs12.get(kvm, vcpu, F.EPT_POINTER) & ept.EPTP_AD)
    return root.hpa | ept.MEMTYPE_WB | ept.EPTP_WALK_LENGTH_4 | (ept.EPTP_AD if ad else 0)


def nested_cpu_has_vpid(kvm: Kvm, vcpu: Vcpu) -> bool:
    """Does the current vmcs12 enable VPID?"""
    return vmcs12.nested_cpu_has2(kvm, vcpu, SEC_ENABLE_VPID)


def nested_get_vpid02(vcpu: Vcpu) -> int:
    """vpid02, or vpid01 when none could be allocated (nested.h)."""
    return vcpu.vpid02 or vcpu.vpid


def vmx_get_current_vpid(kvm: Kvm, vcpu: Vcpu, for_guest: bool = False) -> int:
    """The VPID of the context that is current (vmx.c, 2b4a5a5d5688); what kernels before that flushed in its place.

    for_guest: asked by flush_tlb_guest and flush_tlb_gva, which knew vpid01 only, not by flush_tlb_current.
    """
    has_vpid12 = vcpu.guest_mode and nested_cpu_has_vpid(kvm, vcpu)
    if for_guest:
        on_vpid02 = kvm.era.guest_flush_is_vpid02(vcpu.guest_mode, has_vpid12)
    else:
        on_vpid02 = kvm.era.current_context_is_vpid02(vcpu.guest_mode, has_vpid12)
    vpid = nested_get_vpid02(vcpu) if on_vpid02 else vcpu.vpid
    values = f"L{2 if vcpu.guest_mode else 1} is active, vmcs12 {'enables' if has_vpid12 else 'does not enable'} VPID"
    kvm.emit(Decided, vcpu.id, "vmx_get_current_vpid", "which VPID is current?", f"{vpid}", values,
             "vmx.c: vmx_get_current_vpid(); before v5.16 each flush hook by itself")
    return vpid


# -- hooks (C.2) ---------------------------------------------------------------------------------------------------


def vmx_flush_tlb_all(kvm: Kvm, vcpu: Vcpu) -> None:
    """Every context of this vCPU's processor; before v5.8 the tags of the one that is current."""
    if kvm.era.flush_all_reach() != EVERY_CONTEXT:
        vmx_flush_tlb(kvm, vcpu)
    elif kvm.config.enable_ept:
        ept_sync_global(kvm, vcpu)
    elif kvm.config.enable_vpid and VMX_VPID_EXTENT_ALL_CONTEXT in kvm.hw.caps.invvpid_types:
        vpid_sync_vcpu_global(kvm, vcpu)
    elif kvm.config.enable_vpid:
        vpid_sync_vcpu_single(kvm, vcpu, vcpu.vpid)
        vpid_sync_vcpu_single(kvm, vcpu, vcpu.vpid02)


def vmx_flush_tlb_current(kvm: Kvm, vcpu: Vcpu) -> None:
    """The EPTP of the current root, or without EPT the current VPID (eeeb4f67a6cd)."""
    root = kvm.mmu(vcpu).root
    if root.hpa == INVALID_PAGE:
        kvm.emit(Decided, vcpu.id, "vmx_flush_tlb_current", "flush the current context?", "no",
                 "the root is invalid: its load will flush", "vmx.c: vmx_flush_tlb_current()")
    elif kvm.config.enable_ept:
        ept_sync_context(kvm, vcpu, construct_eptp(kvm, vcpu, root))
    else:
        vpid_sync_context(kvm, vcpu, vmx_get_current_vpid(kvm, vcpu))


def vmx_flush_tlb_guest(kvm: Kvm, vcpu: Vcpu) -> None:
    """What the guest itself could flush: linear and combined mappings of its VPID; never INVEPT (e64419d991ea)."""
    if kvm.era.guest_flush_never_uses_invept():
        vpid_sync_context(kvm, vcpu, vmx_get_current_vpid(kvm, vcpu, for_guest=True))
    else:
        vmx_flush_tlb(kvm, vcpu, invalidate_gpa=False)


def vmx_flush_tlb_gva(kvm: Kvm, vcpu: Vcpu, gva: int) -> None:
    """One linear address of the guest's VPID (faff87588df3)."""
    vpid_sync_vcpu_addr(kvm, vcpu, vmx_get_current_vpid(kvm, vcpu, for_guest=True), gva)


def vmx_flush_tlb(kvm: Kvm, vcpu: Vcpu, invalidate_gpa: bool = True) -> None:
    """The one hook of old kernels: VPID01, even while L2 runs, and the current root's EPTP, both or one of them."""
    __vmx_flush_tlb(kvm, vcpu, vcpu.vpid, invalidate_gpa)


def __vmx_flush_tlb(kvm: Kvm, vcpu: Vcpu, vpid: int, invalidate_gpa: bool = True) -> None:
    """A VPID and the current root's EPTP, or only one of them (vmx.c: __vmx_flush_tlb(), 5c614b3583e7 to v5.7).

    invalidate_gpa: guest-physical mappings too; False where the guest's own view is meant.
    """
    with_ept = kvm.config.enable_ept
    if kvm.era.flush_takes_one_tag():
        with_ept = with_ept and (invalidate_gpa or not kvm.config.enable_vpid)
        if not with_ept:
            vpid_sync_context(kvm, vcpu, vpid)
    else:
        vpid_sync_context(kvm, vcpu, vpid)
    if not with_ept:
        return
    root = kvm.mmu(vcpu).root
    if root.hpa == INVALID_PAGE:
        kvm.emit(Decided, vcpu.id, "__vmx_flush_tlb", "INVEPT?", "no", "the root is invalid",
                 "vmx.c: __vmx_flush_tlb(), v4.4 to v5.7; vmx_flush_tlb() before that")
    else:
        ept_sync_context(kvm, vcpu, construct_eptp(kvm, vcpu, root))
