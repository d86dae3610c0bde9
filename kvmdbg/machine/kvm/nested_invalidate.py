"""INVEPT and INVVPID of L1, emulated (nested.c: handle_invept(), handle_invvpid(); kvm.md E.4, E.5)."""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw import ept, invalidate, paging
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm import mmu, vmcs12
from kvmdbg.machine.kvm.events import Decided, FlushAsked, GuestInvalidated
from kvmdbg.machine.kvm.guest_paging import linear_bits
from kvmdbg.machine.kvm.kvm_host import kvm_mmu_flush_tlb
from kvmdbg.machine.kvm.nested_checks import nested_caps
from kvmdbg.machine.kvm.nested_insn import (
    nested_vmx_check_permission,
    nested_vmx_fail,
    nested_vmx_succeed,
    raise_exception,
    read_operand,
)
from kvmdbg.machine.kvm.questions.nested import FREE_EVERY_ROOT, FREE_MATCHING_ROOTS, NO_EFFECT, SYNC_AND_FLUSH
from kvmdbg.machine.kvm.state import GUEST_MMU, INVALID_GPA, ROOT_MMU, Kvm, Root, Vcpu
from kvmdbg.machine.kvm.vmx_flush import __vmx_flush_tlb, nested_get_vpid02, vpid_sync_context, vpid_sync_vcpu_addr

VMXERR_INVALID_OPERAND: Final = 28
INDIVIDUAL_ADDRESS, SINGLE_CONTEXT, ALL_CONTEXT, SINGLE_NON_GLOBAL = range(4)


def unsupported_type(kvm: Kvm, vcpu: Vcpu, type: int, offered: tuple[int, ...]) -> bool:
    """VMfail 28 for a type that L1 is not offered; kernels before v4.8 forgot to step over the instruction (I-4)."""
    if kvm.era.skips_an_illegal_invalidation():
        bad = type not in offered
    else:
        bad = type & 63 not in offered        # 1UL << type wraps modulo 64
    if bad:
        nested_vmx_fail(kvm, vcpu, VMXERR_INVALID_OPERAND, skip=kvm.era.skips_an_illegal_invalidation())
    elif type not in offered:
        vcpu.exit_to_user = f"BUG() in handle_{vcpu.exit_insn.name}(): type {type} passes the test as {type & 63} (85c856b39b47)"
    return bad or type not in offered


def handle_invept(kvm: Kvm, vcpu: Vcpu) -> None:
    """INVEPT of L1: let go of what shadows its EPTP, so that the next root load syncs and flushes."""
    if not (kvm.config.enable_ept and kvm.era.offers_ept_to_l1()):
        raise_exception(kvm, vcpu, "#UD")
        return
    if not nested_vmx_check_permission(kvm, vcpu):
        return
    type, descriptor = vcpu.exit_insn.operands
    if unsupported_type(kvm, vcpu, type, nested_caps(kvm).invept_types):
        return
    words = read_operand(kvm, vcpu, descriptor)
    if words is None:
        return
    if type == SINGLE_CONTEXT and kvm.era.checks_the_eptp_of_invept() and ept.eptp_valid(words[0], nested_caps(kvm)):
        nested_vmx_fail(kvm, vcpu, VMXERR_INVALID_OPERAND)
        return
    effect = kvm.era.invept_effect(type == SINGLE_CONTEXT)
    if effect == SYNC_AND_FLUSH:
        mmu.kvm_mmu_sync_roots(kvm, vcpu)
        kvm_mmu_flush_tlb(kvm, vcpu, "handle_invept")
    elif effect == NO_EFFECT:
        kvm.emit(Decided, vcpu.id, "handle_invept", "invalidate roots or translations of EPT12?", "no",
                 "the next nested entry is trusted to sync and flush", "nested.c: handle_invept(), b119019847fb")
    else:
        free_roots_of(kvm, vcpu, effect == FREE_MATCHING_ROOTS, words[0])
    ep4ta = ept.ep4ta(words[0]) if type == SINGLE_CONTEXT else -1
    kvm.emit(GuestInvalidated, vcpu.id, 1, "invept", invalidate.INVEPT_TYPES[type], -1, -1, ep4ta, -1)
    nested_vmx_succeed(kvm, vcpu)


def free_roots_of(kvm: Kvm, vcpu: Vcpu, matching: bool, eptp: int) -> None:
    """Free the cached roots of an EPTP, whatever its A/D bit and walk length, or all of them (nested.c: handle_invept())."""
    def matches(root: Root) -> bool:
        return not matching or ept.ep4ta(root.pgd) == ept.ep4ta(eptp)

    guest_mmu = kvm.mmu_named(vcpu, GUEST_MMU)
    found = sum(bool(root.pgd) and matches(root) for root in (guest_mmu.root, *guest_mmu.prev_roots))
    kvm.emit(Decided, vcpu.id, "handle_invept", "which roots of EPT12 does this invalidate?", f"{found}",
             f"EP4TA {ept.ep4ta(eptp):#x}" if matching else "all contexts", "nested.c: handle_invept()")
    mmu.kvm_mmu_free_roots(kvm, vcpu, GUEST_MMU, matches)


def handle_invvpid(kvm: Kvm, vcpu: Vcpu) -> None:
    """INVVPID of L1: whatever VPID it names, vpid02 is what its L2s run with; at once, on this processor."""
    offered = nested_caps(kvm).invvpid_types
    if not offered:
        raise_exception(kvm, vcpu, "#UD")
        return
    if not nested_vmx_check_permission(kvm, vcpu):
        return
    type, descriptor = vcpu.exit_insn.operands
    if unsupported_type(kvm, vcpu, type, offered):
        return
    words = read_operand(kvm, vcpu, descriptor)
    if words is None:
        return
    if kvm.era.checks_invvpid_operand():
        invvpid_with_operand(kvm, vcpu, type, *words)
    else:
        invvpid_of_v4_4(kvm, vcpu, type, words[0] & 0xFFFF)


def invvpid_with_operand(kvm: Kvm, vcpu: Vcpu, type: int, vpid: int, gla: int) -> None:
    """Check the descriptor, then flush vpid02 (nested.c: handle_invvpid(), since bcdde302b826)."""
    bad_address = type == INDIVIDUAL_ADDRESS and not paging.canonical(gla, linear_bits(kvm, vcpu))
    if vpid >> 16 or bad_address or (type != ALL_CONTEXT and not vpid):
        nested_vmx_fail(kvm, vcpu, VMXERR_INVALID_OPERAND)
        return
    flush_vpid02(kvm, vcpu, gla if type == INDIVIDUAL_ADDRESS else None)
    kvm.emit(GuestInvalidated, vcpu.id, 1, "invvpid", invalidate.INVVPID_TYPES[type], -1 if type == ALL_CONTEXT else vpid, -1, -1,
             gla if type == INDIVIDUAL_ADDRESS else -1)
    nested_vmx_succeed(kvm, vcpu)


def flush_vpid02(kvm: Kvm, vcpu: Vcpu, gla: int | None) -> None:
    """What L2 runs with, one address of it or all; without EPT the shadow roots that it could have stale entries from."""
    vpid02 = nested_get_vpid02(vcpu) if kvm.era.invvpid_uses_vpid01_without_vpid02() else vcpu.vpid02
    hook = "vpid_sync_context" if kvm.era.invvpid_flushes_only_vpid() else "__vmx_flush_tlb"
    kvm.emit(FlushAsked, vcpu.id, "INVVPID emulation", hook, f"vpid02 {vpid02}")
    if gla is not None and kvm.era.invvpid_flushes_one_address():
        vpid_sync_vcpu_addr(kvm, vcpu, vpid02, gla)
    elif kvm.era.invvpid_flushes_only_vpid():
        vpid_sync_context(kvm, vcpu, vpid02)
    else:
        __vmx_flush_tlb(kvm, vcpu, vpid02)
    frees = kvm.era.invvpid_frees_roots()
    if frees != NO_EFFECT and not kvm.config.enable_ept:
        mmu.kvm_mmu_free_roots(kvm, vcpu, ROOT_MMU, lambda root: frees == FREE_EVERY_ROOT or root.role.guest_mode)


def invvpid_of_v4_4(kvm: Kvm, vcpu: Vcpu, type: int, vpid: int) -> None:
    """vmx.c: handle_invvpid(), v4.4 to v4.9: all of vpid02 goes, whatever the operand; before v4.6 vmcs12 has a say (I-29)."""
    if kvm.era.invvpid_looks_at_vmcs12():
        if vcpu.current_vmptr == INVALID_GPA:
            vcpu.exit_to_user = "host crash: NULL dereference in handle_invvpid(), as L1 has no current VMCS (I-29)"
            return
        if not vmcs12.get(kvm, vcpu, F.VIRTUAL_PROCESSOR_ID):
            nested_vmx_fail(kvm, vcpu, VMXERR_INVALID_OPERAND, skip=False)
            return
    kvm.emit(FlushAsked, vcpu.id, "INVVPID emulation", "__vmx_flush_tlb", f"vpid02 {vcpu.vpid02}")
    __vmx_flush_tlb(kvm, vcpu, vcpu.vpid02)
    named = -1 if type == ALL_CONTEXT else vpid
    kvm.emit(GuestInvalidated, vcpu.id, 1, "invvpid", invalidate.INVVPID_TYPES[type], named, -1, -1, -1)
    nested_vmx_succeed(kvm, vcpu)
