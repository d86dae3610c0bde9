"""L1's VMX instructions, emulated (nested.c: handle_vmxon() to nested_vmx_run(); kvm.md E.1).

Each handler ends in one of three ways: nested_vmx_succeed(), nested_vmx_fail() (both step over the instruction), or an
exception for L1.
"""

from __future__ import annotations

from kvmdbg.machine.hw.control_registers import CR0_FIXED1, cr0_problem
from kvmdbg.machine.hw.controls import BLOCKING_MOV_SS, CR4_VMXE, RFLAGS_CF, RFLAGS_ZF
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.operands import Descriptor
from kvmdbg.machine.hw.outcome import ARITHMETIC_FLAGS
from kvmdbg.machine.hw.segment_checks import dpl
from kvmdbg.machine.hw.vmcs import SHADOW_INDICATOR
from kvmdbg.machine.kvm import mmu, nested, nested_vmcs02, vmcs12
from kvmdbg.machine.kvm.events import NestedFailed, NestedSucceeded
from kvmdbg.machine.kvm.guest_memory import gfn_visible
from kvmdbg.machine.kvm.guest_virtual import kvm_read_guest_virt, kvm_write_guest_virt_system
from kvmdbg.machine.kvm.kvm_host import kvm_clear_request, kvm_make_request
from kvmdbg.machine.kvm.msr.feature_control import vmxon_is_allowed
from kvmdbg.machine.kvm.nested_checks import nested_caps, nested_check_area
from kvmdbg.machine.kvm.nested_ept import nested_ept_uninit_mmu_context
from kvmdbg.machine.kvm.nested_msrs import nested_vmx_refuse_msr_lists
from kvmdbg.machine.kvm.shadow_vmcs import (
    alloc_shadow_vmcs,
    copy_shadow_to_vmcs12,
    free_shadow_vmcs,
    vmcs12_has_changed,
    vmx_disable_shadow_vmcs,
    vmx_enable_shadow_vmcs,
)
from kvmdbg.machine.kvm.shadow_vmcs12 import nested_cache_shadow_vmcs12
from kvmdbg.machine.kvm.state import GUEST_MMU, INVALID_GPA, VMCS01, Kvm, Vcpu
from kvmdbg.machine.kvm.vmx import drop_instruction, skip_emulated_instruction
from kvmdbg.machine.kvm.vmx_control_registers import (
    kvm_read_cr0,
    kvm_read_cr4,
    set_cr3,
    vmx_set_cr0,
    vmx_set_cr4,
    vmx_set_efer,
)
from kvmdbg.machine.kvm.vmx_ops import read, write
from kvmdbg.machine.kvm.vpid import allocate_vpid, free_vpid
from kvmdbg.machine.kvm.x86 import kvm_queue_exception

# -- results -------------------------------------------------------------------------------------------------------


def nested_vmx_succeed(kvm: Kvm, vcpu: Vcpu) -> None:
    """VMsucceed, and over the instruction."""
    kvm.emit(NestedSucceeded, vcpu.id, vcpu.exit_insn.name)
    set_flags(kvm, vcpu, 0)
    skip_emulated_instruction(kvm, vcpu)


def nested_vmx_fail(kvm: Kvm, vcpu: Vcpu, error: int, skip: bool = True) -> None:
    """VMfailValid with the error in vmcs12, or VMfailInvalid when L1 has no current VMCS; over the instruction.

    skip: False for the kernels that forgot to (I-4).
    """
    if vcpu.current_vmptr == INVALID_GPA:
        nested_vmx_fail_invalid(kvm, vcpu, skip)
        return
    kvm.emit(NestedFailed, vcpu.id, vcpu.exit_insn.name, error)
    set_flags(kvm, vcpu, RFLAGS_ZF)
    vmcs12.put(kvm, vcpu, F.VM_INSTRUCTION_ERROR, error)
    if skip:
        skip_emulated_instruction(kvm, vcpu)


def nested_vmx_fail_invalid(kvm: Kvm, vcpu: Vcpu, skip: bool = True) -> None:
    """VMfailInvalid."""
    kvm.emit(NestedFailed, vcpu.id, vcpu.exit_insn.name, 0)
    set_flags(kvm, vcpu, RFLAGS_CF)
    if skip:
        skip_emulated_instruction(kvm, vcpu)


def set_flags(kvm: Kvm, vcpu: Vcpu, flags: int) -> None:
    """The six arithmetic flags of L1."""
    write(kvm, vcpu, F.GUEST_RFLAGS, read(kvm, vcpu, F.GUEST_RFLAGS) & ~ARITHMETIC_FLAGS | flags)


def raise_exception(kvm: Kvm, vcpu: Vcpu, vector: str, error_code: int = 0, address: int = 0) -> None:
    """The instruction ends in an exception; its handler is assumed to go on after it."""
    kvm_queue_exception(kvm, vcpu, vector, error_code, address)
    drop_instruction(vcpu)


def nested_vmx_check_permission(kvm: Kvm, vcpu: Vcpu) -> bool:
    """VMX operation and CPL 0, else the exception is queued (nested.c)."""
    if not vcpu.vmxon:
        raise_exception(kvm, vcpu, "#UD")
    elif dpl(read(kvm, vcpu, F.GUEST_SS_AR_BYTES)):
        raise_exception(kvm, vcpu, "#GP")
    else:
        return True
    return False


# -- operands in memory --------------------------------------------------------------------------------------------


def read_operand(kvm: Kvm, vcpu: Vcpu, operand: Descriptor, size: int = 16) -> tuple[int, int] | None:
    """First and last 64 bits of a memory operand of `size` bytes, or None after what its read has made: an exception, an exit.

    Source: get_vmx_mem_address(), kvm_read_guest_virt().

    An operand written out in the instruction is taken as already read.
    """
    if operand.address is None:
        return operand.low, operand.high
    words = []
    for address in range(operand.address, operand.address + size, 8):
        word = kvm_read_guest_virt(kvm, vcpu, address)
        if word is None:
            return None
        words.append(word)
    return words[0], words[-1]


def read_pointer(kvm: Kvm, vcpu: Vcpu) -> int | None:
    """The 64-bit physical address that VMXON, VMCLEAR and VMPTRLD take from memory (nested_vmx_get_vmptr())."""
    words = read_operand(kvm, vcpu, vcpu.exit_insn.operands[0], 8)
    return None if words is None else words[0]


def bad_address(kvm: Kvm, address: int) -> bool:
    """Misaligned, or wider than the processor's physical addresses."""
    return bool(address & 0xFFF or address >> kvm.hw.caps.maxphyaddr)


# -- VMX operation -------------------------------------------------------------------------------------------------


def handle_vmxon(kvm: Kvm, vcpu: Vcpu) -> None:
    """VMXON."""
    if not kvm_read_cr4(kvm, vcpu) & CR4_VMXE:
        raise_exception(kvm, vcpu, "#UD")
    elif dpl(read(kvm, vcpu, F.GUEST_SS_AR_BYTES)):
        raise_exception(kvm, vcpu, "#GP")
    elif vcpu.vmxon and kvm.era.refuses_a_second_vmxon():
        nested_vmx_fail(kvm, vcpu, 15)
    elif kvm.era.checks_cr0_and_cr4_at_vmxon() and bad_control_registers(kvm, vcpu):
        raise_exception(kvm, vcpu, "#GP")
    elif not vmxon_is_allowed(kvm, vcpu):
        raise_exception(kvm, vcpu, "#GP")
    else:
        enter_vmx_operation(kvm, vcpu)


def bad_control_registers(kvm: Kvm, vcpu: Vcpu) -> bool:
    """Does CR0 or CR4 lack a bit that L1's processor demands in VMX operation? (nested.h: nested_host_cr4_valid())"""
    return bool(cr0_problem(kvm_read_cr0(kvm, vcpu), CR0_FIXED1)) or bool(nested_caps(kvm).cr4_fixed0 & ~kvm_read_cr4(kvm, vcpu))


def enter_vmx_operation(kvm: Kvm, vcpu: Vcpu) -> None:
    """The pointer is good: vmcs02, vpid02 and the cache of vmcs12 come into being (nested.c)."""
    if not kvm.era.checks_the_vmxon_pointer():
        start_vmx_operation(kvm, vcpu, INVALID_GPA)
        nested_vmx_succeed(kvm, vcpu)
        return
    pointer = read_pointer(kvm, vcpu)
    if pointer is None:
        return
    if bad_address(kvm, pointer) or not vmcs12.is_vmcs12(kvm, pointer):
        nested_vmx_fail_invalid(kvm, vcpu)
        return
    start_vmx_operation(kvm, vcpu, pointer)
    nested_vmx_succeed(kvm, vcpu)


def start_vmx_operation(kvm: Kvm, vcpu: Vcpu, pointer: int) -> None:
    """VMX operation begins, by VMXON or because user space restores it (nested.c: enter_vmx_operation())."""
    vcpu.vmxon_ptr = pointer
    alloc_shadow_vmcs(kvm, vcpu)
    nested_vmcs02.alloc_vmcs02(kvm, vcpu)
    if kvm.era.has_vpid02() and kvm.era.vpid02_lives_from_vmxon():
        vcpu.vpid02 = allocate_vpid(kvm, vcpu, "vpid02")
    vcpu.vmxon = True


def handle_vmxoff(kvm: Kvm, vcpu: Vcpu) -> None:
    """VMXOFF."""
    if nested_vmx_check_permission(kvm, vcpu):
        free_nested(kvm, vcpu)
        if kvm.events(vcpu).init_pending:
            kvm_make_request(kvm, vcpu, "EVENT", "handle_vmxoff")          # an INIT that came in VMX operation
        nested_vmx_succeed(kvm, vcpu)


def free_nested(kvm: Kvm, vcpu: Vcpu) -> None:
    """Leave VMX operation (nested.c: free_nested()); last_vpid stays (I-33), and before v4.18 so does vpid02."""
    kvm_clear_request(kvm, vcpu, kvm.era.nested_state_pages_request(), "free_nested")
    if kvm.era.has_guest_mmu():
        mmu.kvm_mmu_free_roots(kvm, vcpu, GUEST_MMU)
    free_shadow_vmcs(kvm, vcpu)
    vcpu.current_vmptr = INVALID_GPA          # the cached vmcs12 is thrown away, not written back
    vcpu.vmxon = False
    vcpu.smm_vmxon = False
    vcpu.vmxon_ptr = INVALID_GPA
    free_vpid(kvm, vcpu, vcpu.vpid02)
    if kvm.era.vpid02_lives_from_vmxon():
        vcpu.vpid02 = 0


def nested_release_vmcs12(kvm: Kvm, vcpu: Vcpu) -> None:
    """Let go of the current vmcs12: write it back; cached EPT02 roots go with it (E.1)."""
    if vcpu.current_vmptr == INVALID_GPA:
        return
    copy_shadow_to_vmcs12(kvm, vcpu)
    vmx_disable_shadow_vmcs(kvm, vcpu)
    vmcs12.write_back(kvm, vcpu)
    if kvm.era.has_guest_mmu():
        mmu.kvm_mmu_free_roots(kvm, vcpu, GUEST_MMU)
    vcpu.current_vmptr = INVALID_GPA


# -- VMCS pointers and fields --------------------------------------------------------------------------------------


def handle_vmclear(kvm: Kvm, vcpu: Vcpu) -> None:
    """VMCLEAR: launch state clear, and no longer current."""
    if not nested_vmx_check_permission(kvm, vcpu):
        return
    pointer = read_pointer(kvm, vcpu)
    if pointer is None:
        return
    if bad_address(kvm, pointer):
        nested_vmx_fail(kvm, vcpu, 2)
    elif pointer == vcpu.vmxon_ptr:
        nested_vmx_fail(kvm, vcpu, 3)
    else:
        if pointer == vcpu.current_vmptr:
            nested_release_vmcs12(kvm, vcpu)
        if not gfn_visible(kvm, pointer >> 12) and not kvm.era.vmclear_spares_the_vcpu():
            vcpu.exit_to_user = f"KVM_EXIT_SHUTDOWN (triple fault: VMCLEAR of {pointer:#x}, which is no memory)"
            return
        vmcs12.write_guest(kvm, pointer, vmcs12.LAUNCH_STATE, 0)
        nested_vmcs02.nested_free_vmcs02(vcpu, pointer)
        nested_vmx_succeed(kvm, vcpu)


def handle_vmptrld(kvm: Kvm, vcpu: Vcpu) -> None:
    """VMPTRLD: another vmcs12 becomes current."""
    if not nested_vmx_check_permission(kvm, vcpu):
        return
    pointer = read_pointer(kvm, vcpu)
    if pointer is None:
        return
    if bad_address(kvm, pointer):
        nested_vmx_fail(kvm, vcpu, 9)
    elif pointer == vcpu.vmxon_ptr:
        nested_vmx_fail(kvm, vcpu, kvm.era.vmptrld_of_the_vmxon_region())
    elif pointer != vcpu.current_vmptr and not gfn_visible(kvm, pointer >> 12) and not kvm.era.reads_an_unbacked_vmcs_as_ones():
        nested_vmx_fail_invalid(kvm, vcpu)
    elif pointer != vcpu.current_vmptr and not vmcs12.is_vmcs12(kvm, pointer, shadow=nested_caps(kvm).shadow_vmcs):
        nested_vmx_fail(kvm, vcpu, 11)
    else:
        set_current_vmptr(kvm, vcpu, pointer)
        nested_vmx_succeed(kvm, vcpu)


def set_current_vmptr(kvm: Kvm, vcpu: Vcpu, pointer: int) -> None:
    """Release the old vmcs12 and take the new one (nested.c: handle_vmptrld())."""
    if pointer == vcpu.current_vmptr:
        return
    nested_release_vmcs12(kvm, vcpu)
    vmcs12.fill_cache(kvm, vcpu, pointer)
    vcpu.current_vmptr = pointer
    vmx_enable_shadow_vmcs(kvm, vcpu)
    vcpu.dirty_vmcs12 = True


def handle_vmptrst(kvm: Kvm, vcpu: Vcpu) -> None:
    """VMPTRST: the pointer goes to memory, or to RAX when no place is given."""
    if not nested_vmx_check_permission(kvm, vcpu):
        return
    place = vcpu.exit_insn.operands[0]
    if place is None or place.address is None:
        vcpu.rax = vcpu.current_vmptr
    elif not kvm_write_guest_virt_system(kvm, vcpu, place.address, vcpu.current_vmptr):
        return
    nested_vmx_succeed(kvm, vcpu)


# -- entering L2 ---------------------------------------------------------------------------------------------------


def handle_vmlaunch(kvm: Kvm, vcpu: Vcpu) -> None:
    """VMLAUNCH."""
    nested_vmx_run(kvm, vcpu, launch=True)


def handle_vmresume(kvm: Kvm, vcpu: Vcpu) -> None:
    """VMRESUME."""
    nested_vmx_run(kvm, vcpu, launch=False)


def nested_vmx_run(kvm: Kvm, vcpu: Vcpu, launch: bool) -> None:
    """The checks in order, then L2 (E.1).  Guest-state failures are exits, not VMfail."""
    if not nested_vmx_check_permission(kvm, vcpu):
        return
    if vcpu.current_vmptr == INVALID_GPA:
        nested_vmx_fail_invalid(kvm, vcpu)
        return
    if vmcs12.get(kvm, vcpu, vmcs12.REVISION) & SHADOW_INDICATOR:
        nested_vmx_fail_invalid(kvm, vcpu)
        return
    if kvm.era.refuses_entry_behind_mov_ss() and read(kvm, vcpu, F.GUEST_INTERRUPTIBILITY_INFO) & BLOCKING_MOV_SS:
        nested_vmx_fail(kvm, vcpu, 26)
        return
    copy_shadow_to_vmcs12(kvm, vcpu)
    launched = bool(vmcs12.get(kvm, vcpu, vmcs12.LAUNCH_STATE))
    if launched == launch:
        nested_vmx_fail(kvm, vcpu, 4 if launch else 5)
        return
    if nested_vmx_refuse_msr_lists(kvm, vcpu):
        nested_vmx_fail(kvm, vcpu, 7)
        return
    for error, area in ((7, "control"), (8, "host")):
        if nested_check_area(kvm, vcpu, area):
            nested_vmx_fail(kvm, vcpu, error)
            return
    if kvm.era.skips_vmlaunch_before_entering():
        write(kvm, vcpu, F.GUEST_RIP, read(kvm, vcpu, F.GUEST_RIP) + vcpu.exit_insn.length)
    vcpu.nested_run_pending = True
    nested.nested_vmx_enter_non_root_mode(kvm, vcpu)
    if vcpu.guest_mode:
        nested_cache_shadow_vmcs12(kvm, vcpu)


def nested_vmx_hw_entry_failed(kvm: Kvm, vcpu: Vcpu, error: int) -> None:
    """The processor refused vmcs02: L1 is back at its VMLAUNCH or VMRESUME, which fails (nested_vmx_vmexit(), vmx->fail).

    L1's EFER, CR0 and CR4 are loaded again from vmcs01, as nested_vmx_restore_host_state() does: CR0 and CR4 from the read shadow,
    so a bit that is L1's own goes back to what KVM last gave it.

    The instruction has left the program already; the vCPU's RIP moves over it here, unless it has before (b428018a06b7).
    """
    kvm.emit(NestedFailed, vcpu.id, vcpu.exit_insn.name, error)
    nested.set_guest_mode(kvm, vcpu, False)
    vcpu.nested_run_pending = False
    nested.vmx_switch_vmcs(kvm, vcpu, VMCS01)
    vmx_set_efer(kvm, vcpu, read(kvm, vcpu, F.GUEST_IA32_EFER))
    vmx_set_cr0(kvm, vcpu, read(kvm, vcpu, F.CR0_READ_SHADOW))
    vmx_set_cr4(kvm, vcpu, read(kvm, vcpu, F.CR4_READ_SHADOW))
    if kvm.config.enable_ept:
        vcpu.cr3 = read(kvm, vcpu, F.GUEST_CR3)
    else:
        stashed = kvm.era.keeps_cr3_of_l1_in_vmcs01()
        set_cr3(vcpu, read(kvm, vcpu, F.GUEST_CR3) if stashed else vmcs12.get(kvm, vcpu, F.HOST_CR3))
    nested_ept_uninit_mmu_context(kvm, vcpu)
    mmu.kvm_mmu_reset_context(kvm, vcpu)
    set_flags(kvm, vcpu, RFLAGS_ZF)
    vmcs12.put(kvm, vcpu, F.VM_INSTRUCTION_ERROR, error)
    vmcs12_has_changed(vcpu)
    if not kvm.era.skips_vmlaunch_before_entering():
        write(kvm, vcpu, F.GUEST_RIP, read(kvm, vcpu, F.GUEST_RIP) + vcpu.exit_insn.length)
