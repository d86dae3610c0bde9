"""L0's own shadow VMCS for L1 (enable_shadow_vmcs): fields of vmcs12 that L1 reads and writes without an exit (nested.c, vmx.c).

While L1 has a current VMCS, vmcs01 has a shadow VMCS.  It gets the fields of vmcs12 before L1 runs again after L2, and what L1 has
written to it is brought into vmcs12 before L2 is entered, or before L1 lets go of the VMCS.  Which fields: vmcs_shadow_fields.h.
"""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw import memory, vmcs
from kvmdbg.machine.hw.controls import SEC_SHADOW_VMCS
from kvmdbg.machine.hw.fields import FIELDS, F
from kvmdbg.machine.hw.state import Caps
from kvmdbg.machine.hw.vmcs import CLEAR, SHADOW_INDICATOR, VMCS_REVISION
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.machine.kvm.state import INVALID_GPA, INVALID_PAGE, VMREAD_BITMAP_PAGE, VMWRITE_BITMAP_PAGE, Kvm, Vcpu

READ_WRITE: Final = tuple(field.encoding for field in FIELDS.values() if field.shadow == "rw")
READ_ONLY: Final = tuple(field.encoding for field in FIELDS.values() if field.shadow == "ro")
ALL_ONES: Final = 0xFFFF_FFFF_FFFF_FFFF


def shadowed(caps: Caps, fields: tuple[int, ...]) -> tuple[int, ...]:
    """Of these fields those that the processor can hold (init_vmcs_shadow_fields())."""
    needs = {F.GUEST_PML_INDEX: caps.pml, F.VMX_PREEMPTION_TIMER_VALUE: caps.preemption_timer,
             F.GUEST_INTR_STATUS: caps.virtual_interrupts}
    return tuple(encoding for encoding in fields if needs.get(encoding, True))


def init_vmcs_shadow_fields(kvm: Kvm) -> None:
    """The two bitmaps, one page each for all VMs: a bit is 0 where L1 needs no exit."""
    read_write, read_only = (shadowed(kvm.hw.caps, fields) for fields in (READ_WRITE, READ_ONLY))
    for page, fields in ((VMREAD_BITMAP_PAGE, (*read_write, *read_only)), (VMWRITE_BITMAP_PAGE, read_write)):
        for cell in range(page, page + memory.FRAME, 8):
            memory.write64(kvm.hw, cell, ALL_ONES)
        for encoding in (*fields, *(encoding + 1 for encoding in fields if FIELDS[encoding].width == 64)):
            cell = page + encoding // 64 * 8
            memory.write64(kvm.hw, cell, memory.read64(kvm.hw, cell) & ~(1 << encoding % 64))


def alloc_shadow_vmcs(kvm: Kvm, vcpu: Vcpu) -> None:
    """VMXON of L1: a region for it, which no processor has loaded."""
    if not kvm.config.enable_shadow_vmcs or vcpu.shadow_vmcs != INVALID_PAGE:
        return
    vcpu.shadow_vmcs = memory.alloc_frame(kvm.hw, f"shadow VMCS of vcpu{vcpu.id}")
    memory.write64(kvm.hw, vcpu.shadow_vmcs, VMCS_REVISION | SHADOW_INDICATOR)
    kvm.hw.launch_state[vcpu.shadow_vmcs] = CLEAR


def free_shadow_vmcs(kvm: Kvm, vcpu: Vcpu) -> None:
    """VMXOFF of L1."""
    if vcpu.shadow_vmcs == INVALID_PAGE:
        return
    vmx_disable_shadow_vmcs(kvm, vcpu)
    for region, encoding in kvm.hw.vmcs:
        if region == vcpu.shadow_vmcs:
            del kvm.hw.vmcs[region, encoding]
    del kvm.hw.launch_state[vcpu.shadow_vmcs]
    memory.free_frame(kvm.hw, vcpu.shadow_vmcs)
    vcpu.shadow_vmcs = INVALID_PAGE


def vmx_enable_shadow_vmcs(kvm: Kvm, vcpu: Vcpu) -> None:
    """L1 has a current VMCS: vmcs01 gets the control and the link (set_current_vmptr()), and the bitmaps if it has none yet."""
    if vcpu.shadow_vmcs == INVALID_PAGE:
        return
    _switch(kvm, vcpu, SEC_SHADOW_VMCS, vcpu.shadow_vmcs)
    vmcs.put(kvm.hw, kvm.vmcs01(vcpu), F.VMREAD_BITMAP, VMREAD_BITMAP_PAGE)
    vmcs.put(kvm.hw, kvm.vmcs01(vcpu), F.VMWRITE_BITMAP, VMWRITE_BITMAP_PAGE)
    vcpu.need_vmcs12_to_shadow_sync = True


def vmx_disable_shadow_vmcs(kvm: Kvm, vcpu: Vcpu) -> None:
    """L1 has none any more."""
    if vcpu.shadow_vmcs != INVALID_PAGE:
        _switch(kvm, vcpu, 0, INVALID_GPA)
        vcpu.need_vmcs12_to_shadow_sync = False


def _switch(kvm: Kvm, vcpu: Vcpu, control: int, link: int) -> None:
    """The control and the link pointer of vmcs01."""
    secondary = vmcs.peek(kvm.hw, kvm.vmcs01(vcpu), F.SECONDARY_VM_EXEC_CONTROL)
    vmcs.put(kvm.hw, kvm.vmcs01(vcpu), F.SECONDARY_VM_EXEC_CONTROL, secondary & ~SEC_SHADOW_VMCS | control)
    vmcs.put(kvm.hw, kvm.vmcs01(vcpu), F.VMCS_LINK_POINTER, link)


def copy_shadow_to_vmcs12(kvm: Kvm, vcpu: Vcpu) -> None:
    """What L1 may have written without an exit."""
    if vcpu.shadow_vmcs != INVALID_PAGE:
        for encoding in shadowed(kvm.hw.caps, READ_WRITE):
            vmcs12.put(kvm, vcpu, encoding, vmcs.peek(kvm.hw, vcpu.shadow_vmcs, encoding))


def nested_sync_vmcs12_to_shadow(kvm: Kvm, vcpu: Vcpu) -> None:
    """Before a VM entry, when vmcs12 has changed behind the shadow VMCS (copy_vmcs12_to_shadow())."""
    if not vcpu.need_vmcs12_to_shadow_sync:
        return
    for encoding in (*shadowed(kvm.hw.caps, READ_WRITE), *shadowed(kvm.hw.caps, READ_ONLY)):
        vmcs.put(kvm.hw, vcpu.shadow_vmcs, encoding, vmcs12.get(kvm, vcpu, encoding))
    vcpu.need_vmcs12_to_shadow_sync = False


def vmcs12_has_changed(vcpu: Vcpu) -> None:
    """L2 has exited or could not be entered: L1's next VMREAD must see that."""
    if vcpu.shadow_vmcs != INVALID_PAGE:
        vcpu.need_vmcs12_to_shadow_sync = True


def write_read_only_field(kvm: Kvm, vcpu: Vcpu, encoding: int) -> None:
    """L1's VMWRITE of a field that it reads without an exit: the shadow VMCS gets the value, too (handle_vmwrite())."""
    if vcpu.shadow_vmcs != INVALID_PAGE and encoding in READ_ONLY:
        vmcs.put(kvm.hw, vcpu.shadow_vmcs, encoding, vmcs12.get(kvm, vcpu, encoding))
