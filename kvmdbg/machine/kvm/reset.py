"""INIT of a vCPU, and its reset by user space (x86.c: kvm_vcpu_reset(); vmx.c: vmx_vcpu_reset(); kvm.md D).

KVM itself resets a vCPU when it is created, and by INIT.  What a person calls a reset of the machine is user space's work: it
writes every register as it is at power-on, with the ioctls that it has for that.

Both leave the vCPU in real mode at the reset vector.  There are no application processors here, so nobody waits for a SIPI.
"""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw.controls import (
    ACTIVITY_ACTIVE,
    AR_P,
    AR_S,
    CR0_CD,
    CR0_ET,
    CR0_NW,
    CR0_PG,
    RFLAGS_RESERVED1,
)
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm import mmu
from kvmdbg.machine.kvm.apic_access_page import reset_apic_access_page, reset_apic_base
from kvmdbg.machine.kvm.events import FlushAsked, GuestInvalidated, VcpuReset
from kvmdbg.machine.kvm.kvm_host import kvm_make_request
from kvmdbg.machine.kvm.nested_state import vmx_leave_nested
from kvmdbg.machine.kvm.program import EMPTY
from kvmdbg.machine.kvm.sregs import Sregs, set_sregs
from kvmdbg.machine.kvm.state import RUNNABLE, Kvm, Vcpu
from kvmdbg.machine.kvm.vcpu_events import NO_SIPI, NOT_INJECTED
from kvmdbg.machine.kvm.vmx import SEGMENTS
from kvmdbg.machine.kvm.vmx_control_registers import set_cr3, vmx_set_cr0, vmx_set_cr4, vmx_set_efer
from kvmdbg.machine.kvm.vmx_flush import vpid_sync_context
from kvmdbg.machine.kvm.vmx_ops import field, write

AR_DATA: Final = AR_P | AR_S | 0x3                  # read/write, accessed
AR_CODE: Final = AR_P | AR_S | 0xB                  # execute/read, accessed
AR_LDT: Final = AR_P | 0x2
AR_TSS: Final = AR_P | 0xB                          # busy
RIGHTS: Final = {"CS": AR_CODE, "LDTR": AR_LDT, "TR": AR_TSS}
LIMIT: Final = 0xFFFF
RESET_CS: Final = (0xF000, 0xFFFF_0000)             # selector and base: the reset vector is 16 bytes below 4 GiB
RESET_RIP: Final = 0xFFF0
POWER_ON_CR0: Final = CR0_ET | CR0_NW | CR0_CD
RUN: Final = ("vcpu_enter_guest",)


def kvm_vcpu_init(kvm: Kvm, vcpu: Vcpu) -> None:
    """kvm_vcpu_reset(vcpu, true): what INIT does to the boot processor, which goes on at the reset vector."""
    old_cr0 = vcpu.cr0
    kvm.emit(VcpuReset, vcpu.id, "INIT")
    forget_events(kvm, vcpu)
    reset_state(kvm, vcpu)
    if kvm.era.init_clears_cr3():
        set_cr3(vcpu, 0)
    kept = CR0_NW | CR0_CD if kvm.era.init_keeps_cd_and_nw() else 0
    vmx_set_cr0(kvm, vcpu, CR0_ET | (old_cr0 & kept if kept else CR0_NW | CR0_CD))
    vmx_set_cr4(kvm, vcpu, 0)
    vmx_set_efer(kvm, vcpu, 0)
    kvm.emit(FlushAsked, vcpu.id, "vCPU reset", "vmx_vcpu_reset", f"vpid01 {vcpu.vpid}")
    vpid_sync_context(kvm, vcpu, vcpu.vpid)
    reset_apic_access_page(kvm, vcpu)
    if old_cr0 & CR0_PG:
        if kvm.era.init_out_of_paging_flushes():
            kvm_make_request(kvm, vcpu, "TLB_FLUSH_GUEST", "kvm_vcpu_reset")
        if kvm.era.init_out_of_paging_resets_the_mmu(kvm.config.enable_ept):
            mmu.kvm_mmu_reset_context(kvm, vcpu)
    if kvm.era.init_always_flushes():
        kvm_make_request(kvm, vcpu, "TLB_FLUSH_GUEST", "kvm_vcpu_reset")
    kvm.emit(GuestInvalidated, vcpu.id, 1, "init", "", 0, -1, -1, -1)


def user_space_reset(kvm: Kvm, vcpu: Vcpu) -> None:
    """Power-on values for every register; out of VMX operation by IA32_FEATURE_CONTROL = 0, where KVM listens to that."""
    kvm.emit(VcpuReset, vcpu.id, "user space")
    if kvm.era.user_space_can_leave_vmx():
        vmx_leave_nested(kvm, vcpu)
    forget_events(kvm, vcpu)
    reset_state(kvm, vcpu)
    set_sregs(kvm, vcpu, Sregs(POWER_ON_CR0, 0, 0, 0))
    reset_apic_base(kvm, vcpu)
    kvm.emit(GuestInvalidated, vcpu.id, 1, "reset", "", 0, -1, -1, -1)


def forget_events(kvm: Kvm, vcpu: Vcpu) -> None:
    """Nothing waits to be injected any more, no interrupt is held, steal time is off, and the vCPU runs (kvm_vcpu_reset())."""
    events = kvm.events(vcpu)
    events.irr = 0
    events.nmi_queued = 0
    events.nmi_pending = 0
    events.injected = NOT_INJECTED
    events.exception_vmexit = None
    events.exception_from_userspace = False
    events.init_pending = False
    events.sipi = NO_SIPI
    events.parked = ()
    vcpu.exception = None
    vcpu.smm = False
    vcpu.smi_pending = False
    vcpu.steal_time = 0
    vcpu.mp_state = RUNNABLE
    vcpu.exit_to_user = ""
    vcpu.program = EMPTY
    vcpu.retries = 0
    vcpu.todo = RUN
    kvm_make_request(kvm, vcpu, "EVENT", "kvm_vcpu_reset")


def reset_state(kvm: Kvm, vcpu: Vcpu) -> None:
    """Segments, tables and the other registers of real mode at the reset vector (SDM Vol. 3A 9.1.1)."""
    for name in SEGMENTS:
        selector, base = RESET_CS if name == "CS" else (0, 0)
        write(kvm, vcpu, field(f"GUEST_{name}_SELECTOR"), selector)
        write(kvm, vcpu, field(f"GUEST_{name}_BASE"), base)
        write(kvm, vcpu, field(f"GUEST_{name}_LIMIT"), LIMIT)
        write(kvm, vcpu, field(f"GUEST_{name}_AR_BYTES"), RIGHTS.get(name, AR_DATA))
    for name in ("GDTR", "IDTR"):
        write(kvm, vcpu, field(f"GUEST_{name}_BASE"), 0)
        write(kvm, vcpu, field(f"GUEST_{name}_LIMIT"), LIMIT)
    for encoding, value in ((F.GUEST_RIP, RESET_RIP), (F.GUEST_RSP, 0), (F.GUEST_RFLAGS, RFLAGS_RESERVED1), (F.GUEST_DR7, 0x400),
                            (F.GUEST_ACTIVITY_STATE, ACTIVITY_ACTIVE), (F.GUEST_INTERRUPTIBILITY_INFO, 0),
                            (F.GUEST_PENDING_DBG_EXCEPTIONS, 0), (F.VM_ENTRY_INTR_INFO_FIELD, 0)):
        write(kvm, vcpu, encoding, value)
    vcpu.rax = 0
