"""System-management mode of the guest: SMI, state-save area, RSM (smm.c, emulate.c: em_rsm(), vmx.c: vmx_enter_smm(); kvm.md D).

The processor's own SMM has no part in it: KVM runs the handler in real mode at SMBASE + 0x8000, and emulates RSM, which is #UD to
the processor.  An SMI in L2 makes L2 exit first, with nothing for L1 to read; RSM enters L2 again as KVM_SET_NESTED_STATE would.

Simplified: the state-save area is a value of the vCPU, not memory; SMRAM is no address space of its own.
"""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw.controls import CR0_EM, CR0_PE, CR0_PG, CR0_TS, CR4_PAE, CR4_PCIDE, EFER_LMA, RFLAGS_RESERVED1
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm import mmu
from kvmdbg.machine.kvm.control_registers import kvm_set_cr0, kvm_set_cr4
from kvmdbg.machine.kvm.cr3 import kvm_set_cr3
from kvmdbg.machine.kvm.events import Decided, GuestInvalidated, SmmChanged
from kvmdbg.machine.kvm.kvm_host import kvm_make_request
from kvmdbg.machine.kvm.nested import NO_EXIT, nested_vmx_enter_non_root_mode, nested_vmx_vmexit
from kvmdbg.machine.kvm.nested_checks import AREAS, nested_check_area
from kvmdbg.machine.kvm.nested_vmcs02 import SEGMENT_FIELDS
from kvmdbg.machine.kvm.restricted_guest import unrestricted_guest
from kvmdbg.machine.kvm.state import Kvm, Smram, Vcpu, level_of
from kvmdbg.machine.kvm.vcpu_events import ALLOWED, BLOCKED, BUSY
from kvmdbg.machine.kvm.vmx import drop_instruction
from kvmdbg.machine.kvm.vmx_control_registers import (
    kvm_read_cr0,
    kvm_read_cr3,
    kvm_read_cr4,
    vmx_set_cr0,
    vmx_set_cr4,
    vmx_set_efer,
)
from kvmdbg.machine.kvm.vmx_ops import read, write

SMBASE: Final = 0x3_0000
HANDLER: Final = 0x8000
AR_REAL: Final = 0x8093                   # present, data, read/write, accessed, page granularity: each segment in enter_smm()
AR_CODE: Final = 0x809B                   # the same for code, which protected mode wants in CS
SAVED: Final = (*SEGMENT_FIELDS, F.GUEST_GDTR_BASE, F.GUEST_GDTR_LIMIT, F.GUEST_IDTR_BASE, F.GUEST_IDTR_LIMIT, F.GUEST_RSP,
                F.GUEST_DR7)
OF_REAL_MODE: Final = ("ES", "CS", "SS", "DS", "FS", "GS")


def process_smi(kvm: Kvm, vcpu: Vcpu) -> None:
    """KVM_REQ_SMI: remember it, and look at it with the other events (x86.c: process_smi())."""
    vcpu.smi_pending = True
    kvm_make_request(kvm, vcpu, "EVENT", "process_smi")


def inject_smi(kvm: Kvm, vcpu: Vcpu) -> str:
    """A pending SMI is taken, unless the guest is in SMM or L2 must run first: ALLOWED, BLOCKED or BUSY (vmx_smi_allowed())."""
    if not vcpu.smi_pending:
        return BLOCKED
    answer = BUSY if vcpu.nested_run_pending else BLOCKED if vcpu.smm else ALLOWED
    kvm.emit(Decided, vcpu.id, "vmx_smi_allowed", "take the SMI now?", {ALLOWED: "yes", BLOCKED: "no", BUSY: "no: -EBUSY"}[answer],
             "it is in SMM already" if vcpu.smm else f"nested_run_pending {vcpu.nested_run_pending}", "vmx.c: vmx_smi_allowed()")
    if answer == ALLOWED:
        vcpu.smi_pending = False
        enter_smm(kvm, vcpu)
    return answer


def enter_smm(kvm: Kvm, vcpu: Vcpu) -> None:
    """Save the state, leave L2, and go to the handler in real mode.  (In L2 not before v4.15: see host/smi.py.)

    Without EPT real mode is protected mode with paging off (`info model`), where CS must be code: KVM would use virtual-8086 mode.
    """
    level = level_of(vcpu)
    enter_smm_save_state(kvm, vcpu)
    vmx_enter_smm(kvm, vcpu)
    kvm_smm_changed(kvm, vcpu, True, level)
    write(kvm, vcpu, F.GUEST_RFLAGS, RFLAGS_RESERVED1)
    write(kvm, vcpu, F.GUEST_RIP, HANDLER)
    write(kvm, vcpu, F.GUEST_INTERRUPTIBILITY_INFO, 0)
    vmx_set_cr0(kvm, vcpu, kvm_read_cr0(kvm, vcpu) & ~(CR0_PE | CR0_EM | CR0_TS | CR0_PG))
    vmx_set_cr4(kvm, vcpu, 0)
    write(kvm, vcpu, F.GUEST_IDTR_BASE, 0)
    write(kvm, vcpu, F.GUEST_IDTR_LIMIT, 0)
    for name in OF_REAL_MODE:
        write(kvm, vcpu, getattr(F, f"GUEST_{name}_SELECTOR"), SMBASE >> 4 if name == "CS" else 0)
        write(kvm, vcpu, getattr(F, f"GUEST_{name}_BASE"), SMBASE if name == "CS" else 0)
        write(kvm, vcpu, getattr(F, f"GUEST_{name}_LIMIT"), 0xFFFF_FFFF)
        write(kvm, vcpu, getattr(F, f"GUEST_{name}_AR_BYTES"), AR_CODE if name == "CS" and not unrestricted_guest(kvm) else AR_REAL)
    vmx_set_efer(kvm, vcpu, 0)
    mmu.kvm_mmu_reset_context(kvm, vcpu)
    kvm.emit(GuestInvalidated, vcpu.id, level, "smi", "", 0, -1, -1, -1)


def enter_smm_save_state(kvm: Kvm, vcpu: Vcpu) -> None:
    """Registers of the level that is interrupted, into the state-save area."""
    vcpu.smram = Smram(kvm_read_cr0(kvm, vcpu), kvm_read_cr3(kvm, vcpu), kvm_read_cr4(kvm, vcpu), vcpu.efer,
                       read(kvm, vcpu, F.GUEST_RIP), read(kvm, vcpu, F.GUEST_RFLAGS), vcpu.rax,
                       tuple((field, read(kvm, vcpu, field)) for field in SAVED))


def vmx_enter_smm(kvm: Kvm, vcpu: Vcpu) -> None:
    """Out of L2, and out of VMX operation while the handler runs (vmx.c: vmx_enter_smm())."""
    vcpu.smm_guest_mode = vcpu.guest_mode
    if vcpu.guest_mode:
        nested_vmx_vmexit(kvm, vcpu, NO_EXIT, 0)
    vcpu.smm_vmxon, vcpu.vmxon = vcpu.vmxon, False


def kvm_smm_changed(kvm: Kvm, vcpu: Vcpu, entering: bool, level: int) -> None:
    """SMM is part of the MMU's role: every root goes (smm.c: kvm_smm_changed())."""
    kvm.emit(SmmChanged, vcpu.id, entering, level)
    vcpu.smm = entering
    if not entering:
        kvm_make_request(kvm, vcpu, "EVENT", "kvm_smm_changed")
    mmu.kvm_mmu_reset_context(kvm, vcpu)


# -- RSM -----------------------------------------------------------------------------------------------------------


def em_rsm(kvm: Kvm, vcpu: Vcpu) -> None:
    """RSM, which the processor found undefined: back to what was interrupted, L1 or L2; a triple fault if that fails.

    First a state in which CR0, CR3, CR4 and EFER can be loaded in any order: PCIDE, PG, PE and PAE go, by kvm_set_cr*().
    """
    kvm_smm_changed(kvm, vcpu, False, 2 if vcpu.smm_guest_mode else 1)
    drop_instruction(vcpu)
    done = reset_control_registers(kvm, vcpu) and vmx_leave_smm(kvm, vcpu) and rsm_load_state(kvm, vcpu)
    if not done and not vcpu.exit_to_user:
        vcpu.exit_to_user = "KVM_EXIT_SHUTDOWN (RSM could not bring the saved state back)"
    if done:
        kvm.emit(GuestInvalidated, vcpu.id, level_of(vcpu), "rsm", "", -1, -1, -1, -1)


def reset_control_registers(kvm: Kvm, vcpu: Vcpu) -> bool:
    """Back to real mode; False where a register refuses (emulate.c: em_rsm(); smm.c: emulator_leave_smm())."""
    cr4 = kvm_read_cr4(kvm, vcpu)
    if cr4 & CR4_PCIDE and not kvm_set_cr4(kvm, vcpu, cr4 & ~CR4_PCIDE):
        return False
    cr0 = kvm_read_cr0(kvm, vcpu)
    if cr0 & CR0_PE and not kvm_set_cr0(kvm, vcpu, cr0 & ~(CR0_PG | CR0_PE)):
        return False
    cr4 = kvm_read_cr4(kvm, vcpu)
    if cr4 & CR4_PAE and not kvm_set_cr4(kvm, vcpu, cr4 & ~CR4_PAE):
        return False
    vmx_set_efer(kvm, vcpu, 0)
    return True


def vmx_leave_smm(kvm: Kvm, vcpu: Vcpu) -> bool:
    """VMX operation again, and into L2 if the SMI came from there (vmx.c: vmx_leave_smm())."""
    if vcpu.smm_vmxon:
        vcpu.vmxon, vcpu.smm_vmxon = True, False
    if not vcpu.smm_guest_mode:
        return True
    if kvm.era.checks_vmcs12_before_rsm() and any(nested_check_area(kvm, vcpu, area) for area in AREAS):
        return False
    nested_vmx_enter_non_root_mode(kvm, vcpu, from_vmentry=False)
    if not vcpu.guest_mode:
        return False
    vcpu.nested_run_pending = kvm.era.rsm_sets_run_pending()
    vcpu.smm_guest_mode = False
    return True


def rsm_load_state(kvm: Kvm, vcpu: Vcpu) -> bool:
    """The saved registers; PCIDE last, as it needs long mode (smm.c: rsm_load_state_64(), rsm_enter_protected_mode())."""
    smram = vcpu.smram
    if smram is None:
        return False
    for field, value in smram.segments:
        write(kvm, vcpu, field, value)
    vmx_set_efer(kvm, vcpu, smram.efer if smram.cr0 & CR0_PG else smram.efer & ~EFER_LMA)
    pcid = smram.cr3 & 0xFFF if smram.cr4 & CR4_PCIDE else 0
    done = (kvm_set_cr3(kvm, vcpu, smram.cr3 & ~pcid) and kvm_set_cr4(kvm, vcpu, smram.cr4 & ~CR4_PCIDE)
            and kvm_set_cr0(kvm, vcpu, smram.cr0))
    if done and smram.cr4 & CR4_PCIDE:
        done = kvm_set_cr4(kvm, vcpu, smram.cr4) and (not pcid or kvm_set_cr3(kvm, vcpu, smram.cr3))
    write(kvm, vcpu, F.GUEST_RIP, smram.rip)
    write(kvm, vcpu, F.GUEST_RFLAGS, smram.rflags)
    vcpu.rax = smram.rax
    vcpu.smram = None
    return done
