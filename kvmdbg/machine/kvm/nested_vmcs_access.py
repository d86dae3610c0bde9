"""VMREAD and VMWRITE, emulated: of L1 on vmcs12, and of an L2 with VMCS shadowing on its shadow vmcs12 (nested.c)."""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw.controls import AR_L, EFER_LMA
from kvmdbg.machine.hw.fields import FIELDS, F, Field
from kvmdbg.machine.hw.operands import Descriptor
from kvmdbg.machine.hw.paging import PF_WRITE
from kvmdbg.machine.hw.vmcs_access import MASK_32, READ_ONLY_FIELD, UNSUPPORTED_FIELD
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.machine.kvm.guest_memory import kvm_write_guest
from kvmdbg.machine.kvm.guest_virtual import kvm_read_guest_virt, kvm_write_guest_virt_system, translate
from kvmdbg.machine.kvm.nested_checks import nested_caps
from kvmdbg.machine.kvm.nested_insn import (
    nested_vmx_check_permission,
    nested_vmx_fail,
    nested_vmx_fail_invalid,
    nested_vmx_succeed,
)
from kvmdbg.machine.kvm.shadow_vmcs import write_read_only_field
from kvmdbg.machine.kvm.shadow_vmcs12 import get_shadow_vmcs12, link_pointer, put_shadow_vmcs12
from kvmdbg.machine.kvm.state import INVALID_GPA, Kvm, Vcpu
from kvmdbg.machine.kvm.vmx_ops import read

TYPE_SHIFT: Final = 10                # bits 11:10 of an encoding: 1 = VM-exit information
TYPE_EXIT_INFO: Final = 1
ACCESS_RIGHTS: Final = range(F.GUEST_ES_AR_BYTES, F.GUEST_TR_AR_BYTES + 1)
ACCESS_RIGHTS_BITS: Final = 0x1_F0FF


def handle_vmread(kvm: Kvm, vcpu: Vcpu) -> None:
    """VMREAD into RAX, or into memory."""
    if not nested_vmx_check_permission(kvm, vcpu):
        return
    encoding, destination = vcpu.exit_insn.operands
    field = field_of(kvm, encoding)
    if has_no_vmcs(kvm, vcpu):
        nested_vmx_fail_invalid(kvm, vcpu)
    elif field is None:
        nested_vmx_fail(kvm, vcpu, UNSUPPORTED_FIELD)
    else:
        value = _get(kvm, vcpu, field.encoding)
        if _deliver(kvm, vcpu, destination, operand(kvm, vcpu, value >> 32 if encoding & 1 else value)):
            nested_vmx_succeed(kvm, vcpu)


def handle_vmwrite(kvm: Kvm, vcpu: Vcpu) -> None:
    """VMWRITE of a value, or of what is in memory."""
    if not nested_vmx_check_permission(kvm, vcpu):
        return
    encoding, source = vcpu.exit_insn.operands
    early = kvm.era.vmwrite_needs_a_vmcs_first()
    if vcpu.current_vmptr == INVALID_GPA or (early and has_no_vmcs(kvm, vcpu)):
        nested_vmx_fail_invalid(kvm, vcpu)
        return
    value = source if isinstance(source, int) else kvm_read_guest_virt(kvm, vcpu, source.address or 0)
    if value is None:
        return
    error = _problem(kvm, encoding)
    if error == READ_ONLY_FIELD or not has_no_vmcs(kvm, vcpu):
        _finish_vmwrite(kvm, vcpu, encoding, operand(kvm, vcpu, value), error)
    else:
        nested_vmx_fail_invalid(kvm, vcpu)


def _finish_vmwrite(kvm: Kvm, vcpu: Vcpu, encoding: int, value: int, error: int) -> None:
    """What is written to vmcs12 must get into vmcs02; what L2 writes to its shadow vmcs12 has nothing to do with vmcs02."""
    field = field_of(kvm, encoding)
    if error or field is None:
        nested_vmx_fail(kvm, vcpu, error)
        return
    if encoding in ACCESS_RIGHTS and kvm.era.drops_reserved_access_rights():
        value &= ACCESS_RIGHTS_BITS
    if encoding & 1:
        value = _get(kvm, vcpu, field.encoding) & MASK_32 | (value & MASK_32) << 32
    if vcpu.guest_mode:
        put_shadow_vmcs12(kvm, vcpu, field.encoding, value & field.mask)
    else:
        vmcs12.put(kvm, vcpu, field.encoding, value & field.mask)
        write_read_only_field(kvm, vcpu, field.encoding)
        vcpu.dirty_vmcs12 = True
    nested_vmx_succeed(kvm, vcpu)


def _problem(kvm: Kvm, encoding: int) -> int:
    """VM-instruction error of VMWRITE, or 0.  A field is read-only by its number alone, whether vmcs12 has it or not."""
    read_only = encoding >> TYPE_SHIFT & 3 == TYPE_EXIT_INFO and not nested_caps(kvm).vmwrite_any_field
    if field_of(kvm, encoding) is not None:
        return READ_ONLY_FIELD if read_only else 0
    return READ_ONLY_FIELD if read_only and not kvm.era.vmwrite_looks_for_the_field_first() else UNSUPPORTED_FIELD


def field_of(kvm: Kvm, encoding: int) -> Field | None:
    """The member that this kernel's struct vmcs12 has for an encoding, whole or by its high half."""
    field = FIELDS.get(encoding & ~1)
    if field is None or not kvm.era.vmcs12_has(field.encoding):
        return None
    return field if not encoding & 1 or field.width == 64 else None


def has_no_vmcs(kvm: Kvm, vcpu: Vcpu) -> bool:
    """L1 has no current VMCS, or L2 no shadow VMCS: a link pointer of all ones."""
    return vcpu.current_vmptr == INVALID_GPA or (vcpu.guest_mode and link_pointer(kvm, vcpu) == INVALID_GPA)


def operand(kvm: Kvm, vcpu: Vcpu, value: int) -> int:
    """`value` as an operand holds it: 64 bits in 64-bit mode, else 32 (is_64_bit_mode())."""
    return value if vcpu.efer & EFER_LMA and read(kvm, vcpu, F.GUEST_CS_AR_BYTES) & AR_L else value & MASK_32


def _get(kvm: Kvm, vcpu: Vcpu, encoding: int) -> int:
    return get_shadow_vmcs12(kvm, vcpu, encoding) if vcpu.guest_mode else vmcs12.get(kvm, vcpu, encoding)


def _deliver(kvm: Kvm, vcpu: Vcpu, destination: Descriptor | None, value: int) -> bool:
    """Into RAX, or into memory; False when that ended in a fault instead."""
    if destination is None or destination.address is None:
        vcpu.rax = value
        return True
    if kvm.era.vmread_notices_a_page_fault():
        return kvm_write_guest_virt_system(kvm, vcpu, destination.address, value)
    place = translate(kvm, vcpu, destination.address, PF_WRITE)
    if isinstance(place, int):
        kvm_write_guest(kvm, place, value)
    return True
