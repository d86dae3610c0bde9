"""VMFUNC of L2: EPTP switching, which KVM emulates (nested.c: handle_vmfunc(), nested_vmx_eptp_switching(); kvm.md E.6).

vmcs02 enables VM functions where vmcs12 does, with no function in its bitmap: so each VMFUNC of L2 is a VM exit, and KVM switches
EPT02 in L1's processor's place.  A VMFUNC that L1's bitmap or list does not cover is L1's own exit 59.
"""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw import ept
from kvmdbg.machine.hw.controls import SEC_ENABLE_VMFUNC
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm import mmu, nested, vmcs12
from kvmdbg.machine.kvm.events import Decided, GuestInvalidated
from kvmdbg.machine.kvm.guest_memory import kvm_read_guest
from kvmdbg.machine.kvm.guest_paging import is_pae_paging
from kvmdbg.machine.kvm.kvm_host import kvm_make_request
from kvmdbg.machine.kvm.nested_checks import nested_caps
from kvmdbg.machine.kvm.pdptrs import load_pdptrs
from kvmdbg.machine.kvm.questions.vmfunc import EMULATE, NEW_PGD, UNDEFINED, UNLOAD_AND_RELOAD
from kvmdbg.machine.kvm.state import Kvm, Vcpu
from kvmdbg.machine.kvm.vmx import drop_instruction, skip_emulated_instruction
from kvmdbg.machine.kvm.vmx_control_registers import kvm_read_cr3
from kvmdbg.machine.kvm.vmx_flush import nested_cpu_has_vpid
from kvmdbg.machine.kvm.vmx_ops import read
from kvmdbg.machine.kvm.x86 import kvm_queue_exception

EPTP_SWITCHING: Final = 0                 # the one VM function
VMFUNC_EPTP_ENTRIES: Final = 512
MASK_32: Final = 0xFFFF_FFFF


def nested_cpu_has_vmfunc(kvm: Kvm, vcpu: Vcpu) -> bool:
    """Does the current vmcs12 enable VM functions?"""
    return vmcs12.nested_cpu_has2(kvm, vcpu, SEC_ENABLE_VMFUNC)


def handle_vmfunc(kvm: Kvm, vcpu: Vcpu) -> None:
    """VMFUNC: for L1 it does not exist; for L2 its one function is emulated, and what fails goes to L1 as the exit that it was."""
    function, index = (operand & MASK_32 for operand in vcpu.exit_insn.operands)
    controls = vmcs12.get(kvm, vcpu, F.VM_FUNCTION_CONTROL) if vcpu.guest_mode else 0
    enabled = vcpu.guest_mode and nested_cpu_has_vmfunc(kvm, vcpu)
    verdict = kvm.era.vmfunc_verdict(function, controls, enabled) if vcpu.guest_mode else UNDEFINED
    kvm.emit(Decided, vcpu.id, "handle_vmfunc", f"what becomes of VM function {function}?", verdict,
             f"L{2 if vcpu.guest_mode else 1} is active, VM-function controls {controls:#x}",
             "nested.c: handle_vmfunc(); vmx.c before v5.0")
    if verdict == UNDEFINED:
        kvm_queue_exception(kvm, vcpu, "#UD")
        drop_instruction(vcpu)
    elif verdict == EMULATE and function == EPTP_SWITCHING and nested_vmx_eptp_switching(kvm, vcpu, index):
        skip_emulated_instruction(kvm, vcpu)
    else:
        nested.nested_vmx_vmexit(kvm, vcpu, read(kvm, vcpu, F.VM_EXIT_REASON), read(kvm, vcpu, F.EXIT_QUALIFICATION))


def nested_vmx_eptp_switching(kvm: Kvm, vcpu: Vcpu, index: int) -> bool:
    """Make entry `index` of vmcs12's EPTP list the EPTP of L2; False: L1 is to get the exit."""
    new = entry_of_list(kvm, vcpu, index)
    if new is None:
        return False
    current = vmcs12.get(kvm, vcpu, F.EPT_POINTER)
    problem = ept.eptp_valid(new, nested_caps(kvm)) if new != current else ""
    answer = "no" if problem else "it is already" if new == current else "yes"
    kvm.emit(Decided, vcpu.id, "nested_vmx_eptp_switching", f"switch L2 to EPTP {new:#x}?", answer,
             problem or f"EPTP12 {current:#x}", "nested.c: nested_vmx_eptp_switching(); vmx.c before v5.0")
    if problem:
        return False
    if new != current:
        switch_eptp(kvm, vcpu, new)
    if not nested_cpu_has_vpid(kvm, vcpu):
        kvm.emit(GuestInvalidated, vcpu.id, 2, "vmfunc", "EPTP switching", 0, -1, -1, -1)
    return True


def entry_of_list(kvm: Kvm, vcpu: Vcpu, index: int) -> int | None:
    """The 64 bits at `index` of the EPTP list in L1's memory; None beyond the list's end or where there is no memory."""
    if index >= VMFUNC_EPTP_ENTRIES:
        return None
    return kvm_read_guest(kvm, vmcs12.get(kvm, vcpu, F.EPTP_LIST_ADDRESS) + 8 * index)


def switch_eptp(kvm: Kvm, vcpu: Vcpu, new: int) -> None:
    """From one EPT12 to another.

    Since 39353ab5790b as MOV CR3 switches roots: a cached one is taken up again, and with VPID off the guest's own view is
    flushed.  Before, every root of the vCPU was freed, by request (c805f5d5585a) or at once, which flushed more than enough.
    """
    how = kvm.era.eptp_switch()
    if how == UNLOAD_AND_RELOAD:
        mmu.kvm_mmu_unload(kvm, vcpu)
    if kvm.era.eptp_switch_writes_ad_into_walk_mmu():
        kvm.emit(Decided, vcpu.id, "nested_vmx_eptp_switching", "does EPT02 follow the A/D bit of the new EPTP?", "no",
                 f"bit 6 is {new >> 6 & 1}: it goes into walk_mmu, which maps nothing",
                 "nested.c: nested_vmx_eptp_switching(), v5.13; vmx.c before v5.0")
    vmcs12.put(kvm, vcpu, F.EPT_POINTER, new)
    reload_pdptrs(kvm, vcpu)
    if how == UNLOAD_AND_RELOAD:
        mmu.kvm_mmu_reload(kvm, vcpu)
    elif how == NEW_PGD:
        nested_ept_new_eptp(kvm, vcpu)
        flush_without_vpid(kvm, vcpu)
    else:
        kvm_make_request(kvm, vcpu, "MMU_RELOAD", "nested_vmx_eptp_switching")


def reload_pdptrs(kvm: Kvm, vcpu: Vcpu) -> None:
    """PDPTEs of an L2 in PAE paging: not the switch's business, yet a full reload of the MMU read them through the new EPT12."""
    if not is_pae_paging(kvm, vcpu):
        return
    again = kvm.era.eptp_switch_reloads_pdptrs()
    kvm.emit(Decided, vcpu.id, "nested_vmx_eptp_switching", "load L2's PDPTEs again?", "yes" if again else "no",
             f"L2's CR3 {kvm_read_cr3(kvm, vcpu):#x}; an EPTP switch leaves them alone (SDM Vol. 3C 25.5.6.3)",
             "39353ab5790b, its message")
    if again:
        load_pdptrs(kvm, vcpu, kvm_read_cr3(kvm, vcpu))


def nested_ept_new_eptp(kvm: Kvm, vcpu: Vcpu) -> None:
    """The MMU of EPT02 turns to vmcs12's EPTP: its role follows the A/D bit, its root may be cached."""
    mmu.kvm_init_shadow_ept_mmu(kvm, vcpu)


def flush_without_vpid(kvm: Kvm, vcpu: Vcpu) -> None:
    """A switch with VPID off must drop combined mappings of VPID 0000H (SDM Vol. 3C 25.5.6.3)."""
    has_vpid12 = nested_cpu_has_vpid(kvm, vcpu)
    kvm.emit(Decided, vcpu.id, "nested_vmx_eptp_switching", "flush the guest's view?", "no" if has_vpid12 else "yes",
             f"vmcs12 {'enables' if has_vpid12 else 'does not enable'} VPID", "nested.c: nested_vmx_eptp_switching(), 39353ab5790b")
    if not has_vpid12:
        kvm_make_request(kvm, vcpu, "TLB_FLUSH_GUEST", "nested_vmx_eptp_switching")
