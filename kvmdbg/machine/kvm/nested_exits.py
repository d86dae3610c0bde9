"""Who handles an exit of L2: L0 itself, or L1 (nested.c: nested_vmx_l0_wants_exit(), nested_vmx_l1_wants_exit())."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from kvmdbg.machine.hw import controls as c
from kvmdbg.machine.hw import ports
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.vmcs_access import intercepted
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.machine.kvm.events import Decided
from kvmdbg.machine.kvm.guest_memory import gfn_visible, kvm_read_guest
from kvmdbg.machine.kvm.state import Kvm, Vcpu
from kvmdbg.machine.kvm.vmx_msrs import nested_vmx_exit_handled_msr
from kvmdbg.machine.kvm.vmx_ops import read

PF_VECTOR: Final = 14
CR3_TARGETS: Final = (F.CR3_TARGET_VALUE0, F.CR3_TARGET_VALUE1, F.CR3_TARGET_VALUE2, F.CR3_TARGET_VALUE3)

Wish = Callable[[Kvm, Vcpu], bool]


def nested_vmx_reflect_vmexit(kvm: Kvm, vcpu: Vcpu, reason: int) -> bool:
    """Does L1 get this exit of L2? (nested.c: nested_vmx_reflect_vmexit())"""
    wants = L1_WANTS.get(reason & 0xFFFF, always)(kvm, vcpu)
    name = c.EXIT_REASONS.get(reason & 0xFFFF, hex(reason))
    kvm.emit(Decided, vcpu.id, "nested_vmx_reflect_vmexit", f"who handles L2's exit {name}?", "L1" if wants else "L0",
             "vmcs12 asks for it" if wants else "L0's own affair",
             "nested.c: nested_vmx_l1_wants_exit(); before v5.8 nested_vmx_exit_handled(), in vmx.c before v5.0")
    return wants


def always(kvm: Kvm, vcpu: Vcpu) -> bool:
    return True


def never(kvm: Kvm, vcpu: Vcpu) -> bool:
    """The host's interrupts and timer.  EPT violations and misconfigurations: L0 looks first, and reflects what EPT12 explains."""
    return False


def primary(bit: int) -> Wish:
    """L1 wants it when a primary control of vmcs12 says so."""
    return lambda kvm, vcpu: bool(vmcs12.get(kvm, vcpu, F.CPU_BASED_VM_EXEC_CONTROL) & bit)


def invpcid(kvm: Kvm, vcpu: Vcpu) -> bool:
    """L1 gives L2 the instruction, and wants to see it."""
    return vmcs12.nested_cpu_has2(kvm, vcpu, c.SEC_ENABLE_INVPCID) and primary(c.CPU_INVLPG_EXITING)(kvm, vcpu)


def exception(kvm: Kvm, vcpu: Vcpu) -> bool:
    """vmcs12's exception bitmap; for #PF its error-code mask and match count as well."""
    info = read(kvm, vcpu, F.VM_EXIT_INTR_INFO)
    vector = info & 0xFF
    if info >> 8 & 7 == c.INTR_TYPE_NMI:
        return False                      # the host's own NMI; those of L1 are nested events
    if vector != PF_VECTOR:
        return bool(vmcs12.get(kvm, vcpu, F.EXCEPTION_BITMAP) >> vector & 1)
    if not kvm.config.enable_ept:
        return False                   # it may be the shadow that lags behind: nested_vmx_l0_wants_exit()
    return wants_page_fault(kvm, vcpu, read(kvm, vcpu, F.VM_EXIT_INTR_ERROR_CODE))


def wants_page_fault(kvm: Kvm, vcpu: Vcpu, error_code: int) -> bool:
    """Would L1's processor leave L2 for a #PF with this error code? (nested_vmx_is_page_fault_vmexit())"""
    bit = bool(vmcs12.get(kvm, vcpu, F.EXCEPTION_BITMAP) >> PF_VECTOR & 1)
    code = error_code & vmcs12.get(kvm, vcpu, F.PAGE_FAULT_ERROR_CODE_MASK)
    return bit == (code == vmcs12.get(kvm, vcpu, F.PAGE_FAULT_ERROR_CODE_MATCH))


def monitor_trap(kvm: Kvm, vcpu: Vcpu) -> bool:
    """L1 has asked for it, by the control or by injecting it."""
    info = vmcs12.get(kvm, vcpu, F.VM_ENTRY_INTR_INFO_FIELD)
    injected = bool(info & c.INTR_INFO_VALID) and info >> 8 & 7 == c.INTR_TYPE_OTHER_EVENT
    return injected or bool(vmcs12.get(kvm, vcpu, F.CPU_BASED_VM_EXEC_CONTROL) & c.CPU_MONITOR_TRAP_FLAG)


def cr_access(kvm: Kvm, vcpu: Vcpu) -> bool:
    """nested.c: nested_vmx_exit_handled_cr()."""
    qualification = read(kvm, vcpu, F.EXIT_QUALIFICATION)
    register, reads = qualification & 0xF, bool(qualification >> 4 & 3)
    if register == 3:
        return cr3_access(kvm, vcpu, reads)
    mask, shadow = (F.CR0_GUEST_HOST_MASK, F.CR0_READ_SHADOW) if register == 0 else (F.CR4_GUEST_HOST_MASK, F.CR4_READ_SHADOW)
    value = vcpu.exit_insn.operands[1]
    return bool(vmcs12.get(kvm, vcpu, mask) & (value ^ vmcs12.get(kvm, vcpu, shadow)))


def cr3_access(kvm: Kvm, vcpu: Vcpu, reads: bool) -> bool:
    """CR3-load exiting, less the first CR3-target values; CR3-store exiting."""
    bits = vmcs12.get(kvm, vcpu, F.CPU_BASED_VM_EXEC_CONTROL)
    if reads:
        return bool(bits & c.CPU_CR3_STORE_EXITING)
    targets = CR3_TARGETS[:vmcs12.get(kvm, vcpu, F.CR3_TARGET_COUNT)]
    value = vcpu.exit_insn.operands[1]
    return bool(bits & c.CPU_CR3_LOAD_EXITING) and value not in (vmcs12.get(kvm, vcpu, target) for target in targets)


def vmcs_access(bitmap: int) -> Wish:
    """VMREAD or VMWRITE of L2: L1's affair unless it shadows and its bitmap lets L2 (nested_vmx_exit_handled_vmcs_access())."""
    def wish(kvm: Kvm, vcpu: Vcpu) -> bool:
        if not vmcs12.nested_cpu_has2(kvm, vcpu, c.SEC_SHADOW_VMCS):
            return True
        page, encoding = vmcs12.get(kvm, vcpu, bitmap), vcpu.exit_insn.operands[0]
        return not gfn_visible(kvm, page >> 12) or intercepted(lambda gpa: kvm_read_guest(kvm, gpa) or 0, page, encoding)
    return wish


def nested_vmx_exit_handled_io(kvm: Kvm, vcpu: Vcpu) -> bool:
    """Unconditional I/O exiting, or a bit of vmcs12's bitmaps, which lie in L1's memory."""
    bits = vmcs12.get(kvm, vcpu, F.CPU_BASED_VM_EXEC_CONTROL)
    if kvm.era.l1_wants_every_io_exit() or not bits & c.CPU_USE_IO_BITMAPS:
        return kvm.era.l1_wants_every_io_exit() or bool(bits & c.CPU_UNCOND_IO_EXITING)
    qualification = read(kvm, vcpu, F.EXIT_QUALIFICATION)
    bitmaps = tuple(vmcs12.get(kvm, vcpu, field) for field in (F.IO_BITMAP_A, F.IO_BITMAP_B))
    return ports.bitmap_exits(lambda gpa: kvm_read_guest(kvm, gpa) or 0, bitmaps, qualification >> ports.PORT_SHIFT,
                              (qualification & 7) + 1)


def secondary(bit: int) -> Wish:
    """L1 wants it when a secondary control of vmcs12 says so."""
    return lambda kvm, vcpu: vmcs12.nested_cpu_has2(kvm, vcpu, bit)


L1_WANTS: Final[dict[int, Wish]] = {
    c.EXIT_REASON_EXCEPTION_NMI: exception,
    c.EXIT_REASON_EXTERNAL_INTERRUPT: never,
    c.EXIT_REASON_PREEMPTION_TIMER: never,
    c.EXIT_REASON_INTERRUPT_WINDOW: primary(c.CPU_INTERRUPT_WINDOW_EXITING),
    c.EXIT_REASON_NMI_WINDOW: primary(c.CPU_NMI_WINDOW_EXITING),
    c.EXIT_REASON_MONITOR_TRAP_FLAG: monitor_trap,
    c.EXIT_REASON_HLT: primary(c.CPU_HLT_EXITING),
    c.EXIT_REASON_INVLPG: primary(c.CPU_INVLPG_EXITING),
    c.EXIT_REASON_INVPCID: invpcid,
    c.EXIT_REASON_CR_ACCESS: cr_access,
    c.EXIT_REASON_IO_INSTRUCTION: nested_vmx_exit_handled_io,
    c.EXIT_REASON_MSR_READ: nested_vmx_exit_handled_msr,
    c.EXIT_REASON_MSR_WRITE: nested_vmx_exit_handled_msr,
    c.EXIT_REASON_VMREAD: vmcs_access(F.VMREAD_BITMAP),
    c.EXIT_REASON_VMWRITE: vmcs_access(F.VMWRITE_BITMAP),
    c.EXIT_REASON_APIC_ACCESS: secondary(c.SEC_VIRTUALIZE_APIC_ACCESSES),
    c.EXIT_REASON_EPT_VIOLATION: never,
    c.EXIT_REASON_EPT_MISCONFIG: never,
    c.EXIT_REASON_VMFUNC: never,
}
