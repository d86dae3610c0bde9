"""Names for numbers in a saved state: VMCS fields, requests of the kernel; and remarks on what a line is about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from kvmdbg.machine.hw.controls import (
    CPU_BITS,
    CR0_BITS,
    CR4_BITS,
    EFER_BITS,
    ENTRY_BITS,
    EXIT_BITS,
    PIN_BITS,
    RFLAGS_BITS,
    SEC_BITS,
    exit_reason_name,
    names_of,
)
from kvmdbg.machine.hw.fields import FIELDS, F
from kvmdbg.machine.kvm.state import INVALID_PAGE, Kvm, Vcpu
from kvmdbg.session.saved.writing import number_text
from kvmdbg.tape import Record, Table

BY_FIELD: Final = ("vmcs", "cached_vmcs12")          # tables whose keys end with the encoding of a field
CELLS_OF_A_PAGE: Final = 12                          # shift of an address of `memory`
REGISTERS: Final = {"cr0": CR0_BITS, "cr4": CR4_BITS, "efer": EFER_BITS, "rflags": RFLAGS_BITS}
FIELD_BITS: Final = {
    F.PIN_BASED_VM_EXEC_CONTROL: PIN_BITS, F.CPU_BASED_VM_EXEC_CONTROL: CPU_BITS, F.SECONDARY_VM_EXEC_CONTROL: SEC_BITS,
    F.VM_EXIT_CONTROLS: EXIT_BITS, F.VM_ENTRY_CONTROLS: ENTRY_BITS, F.GUEST_CR0: CR0_BITS, F.GUEST_CR4: CR4_BITS,
    F.GUEST_IA32_EFER: EFER_BITS, F.GUEST_RFLAGS: RFLAGS_BITS, F.HOST_CR0: CR0_BITS, F.HOST_CR4: CR4_BITS,
    F.HOST_IA32_EFER: EFER_BITS}


def number_names(kvm: Kvm) -> dict[str, int]:
    """What may stand for a number: names of fields, and of this kernel's requests (as masks)."""
    fields = {field.name: field.encoding for field in FIELDS.values()}
    return fields | {name: 1 << bit for name, bit in kvm.era.request_bits().items()}


def key_text(table: Table[Any, Any], key: Any, plain: Callable[[Any], str]) -> str:
    """A key of a table; plain: how it would be written without names."""
    if table.name in BY_FIELD and key[1] in FIELDS:
        return f"({number_text(key[0])}, {FIELDS[key[1]].name})"
    return plain(key)


def named_value(kvm: Kvm, owner: Any, key: Any, value: Any) -> str:
    """A value that is made of names: vcpu->requests; "" for any other."""
    if not isinstance(owner, Vcpu) or key != "requests" or not value:
        return ""
    names = {1 << bit: name for name, bit in kvm.era.request_bits().items()}
    return " | ".join(names.get(1 << i, hex(1 << i)) for i in range(value.bit_length()) if value >> i & 1)


def meaning(owner: Any, key: Any, value: Any) -> str:
    """The set bits of a register or control by name, an exit reason in words; "" where the number says it all."""
    if isinstance(owner, Record):
        return names_of(value, REGISTERS[key]) if key in REGISTERS else ""
    if owner.name not in BY_FIELD or not value:
        return ""
    if key[1] == F.VM_EXIT_REASON:
        return exit_reason_name(value)
    return names_of(value, FIELD_BITS[key[1]]) if key[1] in FIELD_BITS else ""


def place(kvm: Kvm, table: Table[Any, Any], key: Any) -> str:
    """Which part of a large table a key lies in: the VMCS, the frame; "" in others."""
    if table is kvm.hw.vmcs:
        whose = {kvm.vmcs01(vcpu): f"vmcs01 of {vcpu.name}" for vcpu in kvm.vcpus}
        whose |= {vcpu.vmcs02: f"vmcs02 of {vcpu.name}" for vcpu in kvm.vcpus if vcpu.vmcs02 != INVALID_PAGE}
        return f"{whose.get(key[0], 'VMCS')} at {key[0]:#x}"
    if table is kvm.hw.memory:
        frame = key >> CELLS_OF_A_PAGE << CELLS_OF_A_PAGE
        gfn = kvm.gfn_of.get(frame)
        return f"{frame:#x}: {kvm.hw.frames.get(frame, 'memory') if gfn is None else f'guest page {gfn << 12:#x}'}"
    return ""
