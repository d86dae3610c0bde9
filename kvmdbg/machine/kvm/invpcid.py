"""INVPCID of a guest whose page tables are shadowed (vmx.c: handle_invpcid(), x86.c: kvm_handle_invpcid(); kvm.md D)."""

from __future__ import annotations

from kvmdbg.machine.hw import invalidate
from kvmdbg.machine.hw.controls import CR4_PCIDE
from kvmdbg.machine.hw.paging import canonical
from kvmdbg.machine.hw.tlbkey import NONE
from kvmdbg.machine.kvm import mmu
from kvmdbg.machine.kvm.cr3 import kvm_get_pcid, kvm_invalidate_pcid
from kvmdbg.machine.kvm.events import Decided, GuestInvalidated
from kvmdbg.machine.kvm.guest_paging import linear_bits
from kvmdbg.machine.kvm.invlpg import flush_tlb_gva, guest_vpid, invalidate_in_root, usable_roots
from kvmdbg.machine.kvm.kvm_host import kvm_make_request
from kvmdbg.machine.kvm.nested_insn import raise_exception, read_operand
from kvmdbg.machine.kvm.questions.address_spaces import UNLOAD_NOW
from kvmdbg.machine.kvm.shadow import NONPAGING
from kvmdbg.machine.kvm.state import Kvm, Vcpu, level_of
from kvmdbg.machine.kvm.vmx import skip_emulated_instruction
from kvmdbg.machine.kvm.vmx_control_registers import kvm_get_active_pcid, kvm_read_cr4

INDIV_ADDR, SINGLE_CTXT, ALL_INCL_GLOBAL, ALL_NON_GLOBAL = range(4)


def handle_invpcid(kvm: Kvm, vcpu: Vcpu) -> None:
    """Check the type and the descriptor, then invalidate."""
    type, descriptor = vcpu.exit_insn.operands
    if type > ALL_NON_GLOBAL:
        raise_exception(kvm, vcpu, "#GP")
        return
    words = read_operand(kvm, vcpu, descriptor)
    if words is None:
        return
    pcid, gla = words
    if is_illegal(kvm, vcpu, type, pcid, gla):
        raise_exception(kvm, vcpu, "#GP")
        return
    kvm_handle_invpcid(kvm, vcpu, type, pcid, gla)
    if vcpu.exit_to_user:
        return
    named = pcid if type in (INDIV_ADDR, SINGLE_CTXT) else NONE
    kvm.emit(GuestInvalidated, vcpu.id, level_of(vcpu), "invpcid", invalidate.INVPCID_TYPES[type], guest_vpid(kvm, vcpu), named,
             NONE, gla if type == INDIV_ADDR else NONE)
    skip_emulated_instruction(kvm, vcpu)


def is_illegal(kvm: Kvm, vcpu: Vcpu, type: int, pcid: int, gla: int) -> bool:
    """Is the descriptor #GP? Bits 63:12 always count, the rest where the type uses it."""
    if pcid >> 12:
        return True
    if type in (INDIV_ADDR, SINGLE_CTXT) and pcid and not kvm_read_cr4(kvm, vcpu) & CR4_PCIDE:
        return True
    return type == INDIV_ADDR and not canonical(gla, linear_bits(kvm, vcpu))


def kvm_handle_invpcid(kvm: Kvm, vcpu: Vcpu, type: int, pcid: int, gla: int) -> None:
    """One address, one PCID, or all: of shadow pages global ones are not known apart."""
    if type == INDIV_ADDR:
        kvm_mmu_invpcid_gva(kvm, vcpu, gla, pcid)
    elif type == SINGLE_CTXT:
        kvm_invalidate_pcid(kvm, vcpu, pcid)
    elif kvm.era.invpcid_all() == UNLOAD_NOW:
        mmu.kvm_mmu_unload(kvm, vcpu)
    else:
        kvm_make_request(kvm, vcpu, kvm.era.invpcid_all(), "kvm_handle_invpcid")


def kvm_mmu_invpcid_gva(kvm: Kvm, vcpu: Vcpu, gva: int, pcid: int) -> None:
    """The address in the roots of that PCID, and one flush of it if there is such a root (mmu.c); counted as an INVLPG."""
    current = kvm.mmu(vcpu).root
    roots = [root for root in usable_roots(kvm, vcpu)
             if pcid == (kvm_get_active_pcid(vcpu) if root is current else kvm_get_pcid(kvm, vcpu, root.pgd))]
    for root in roots:
        if root.role.kind == NONPAGING and kvm.era.invpcid_calls_a_missing_hook():
            vcpu.exit_to_user = "host crash: NULL dereference in kvm_mmu_invpcid_gva(), as the guest has paging off (I-17)"
            return
        invalidate_in_root(kvm, root, gva)
    kvm.emit(Decided, vcpu.id, "kvm_mmu_invpcid_gva", "flush the address?", "yes" if roots else "no",
             f"{len(roots)} roots have PCID {pcid:#x}", "mmu.c: kvm_mmu_invpcid_gva()")
    if roots:
        flush_tlb_gva(kvm, vcpu, gva, "INVPCID emulation")
    kvm.count(vcpu.id, "invlpg")
