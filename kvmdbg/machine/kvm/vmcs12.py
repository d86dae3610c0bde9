"""vmcs12: the VMCS that L1 made for L2, in L1's memory and in KVM's cache (struct vmcs12, vmcs12.h).

Since v4.8 KVM works on a copy (`cached_vmcs12`) and writes it back when L1 lets go of the VMCS; before, it worked on
L1's page itself.  Both are reached by `get` and `put`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from kvmdbg.machine.hw import memory
from kvmdbg.machine.hw.checking import secondary_controls
from kvmdbg.machine.hw.controls import SEC_ENABLE_EPT
from kvmdbg.machine.hw.fields import FIELDS, Field
from kvmdbg.machine.hw.vmcs import SHADOW_INDICATOR, VMCS_REVISION
from kvmdbg.machine.kvm.guest_memory import kvm_read_guest, kvm_write_guest, mark_page_dirty
from kvmdbg.machine.kvm.state import Kvm, Vcpu

VMCS12_REVISION: Final = VMCS_REVISION
REVISION: Final = -1                   # header members have no VMCS encoding: pseudo encodings of our own
LAUNCH_STATE: Final = -2
_HEADER: Final = {REVISION: (0, 32), LAUNCH_STATE: (8, 32)}
MEMBERS: Final = tuple(field for field in FIELDS.values() if field.in_vmcs12)
ENCODINGS: Final = (*_HEADER, *(field.encoding for field in MEMBERS))


def member(encoding: int) -> Field | None:
    """The field, if struct vmcs12 has it."""
    field = FIELDS.get(encoding & ~1)
    return field if field is not None and field.in_vmcs12 else None


def get(kvm: Kvm, vcpu: Vcpu, encoding: int) -> int:
    """A member of the current vmcs12, 0 if none is current; pseudo encodings LAUNCH_STATE, REVISION too.

    A field that the structure lacks reads as 0: of the CR3-target values, kernels before v5.7 had members.
    """
    if kvm.era.caches_vmcs12():
        return int(kvm.cached_vmcs12.get((vcpu.id, encoding), 0))
    if encoding >= 0 and member(encoding) is None:
        return 0
    offset, width = _place(encoding)
    return _mapped_word(kvm, vcpu.current_vmptr + offset) >> (8 * (offset & 7)) & ((1 << width) - 1)


def put(kvm: Kvm, vcpu: Vcpu, encoding: int, value: int) -> None:
    """Set a member of the current vmcs12."""
    if not kvm.era.caches_vmcs12():
        _put_in_place(kvm, vcpu.current_vmptr, encoding, value)
    elif value != kvm.cached_vmcs12.get((vcpu.id, encoding), 0):
        kvm.cached_vmcs12[vcpu.id, encoding] = value


def nested_cpu_has2(kvm: Kvm, vcpu: Vcpu, bit: int) -> bool:
    """Is a secondary control set in the current vmcs12 (and the secondary controls active)? (nested.h)"""
    return bool(secondary_controls(lambda encoding: get(kvm, vcpu, encoding)) & bit)


def nested_cpu_has_ept(kvm: Kvm, vcpu: Vcpu) -> bool:
    """Does L1 use EPT for L2?"""
    return nested_cpu_has2(kvm, vcpu, SEC_ENABLE_EPT)


def fill_cache(kvm: Kvm, vcpu: Vcpu, vmptr: int) -> None:
    """Copy the whole struct from L1's memory (VMPTRLD)."""
    if kvm.era.caches_vmcs12():
        for encoding, value in read_struct(kvm, vmptr):
            put(kvm, vcpu, encoding, value)


def write_back(kvm: Kvm, vcpu: Vcpu) -> None:
    """Copy the cache to L1's memory (nested_release_vmcs12())."""
    if kvm.era.caches_vmcs12():
        write_struct(kvm, vcpu.current_vmptr, lambda encoding: int(kvm.cached_vmcs12.get((vcpu.id, encoding), 0)))


# -- the struct in L1's memory -------------------------------------------------------------------------------------


def _place(encoding: int) -> tuple[int, int]:
    """(byte offset, width in bits) of a member."""
    if encoding in _HEADER:
        return _HEADER[encoding]
    field = FIELDS[encoding]
    return field.vmcs12_offset, field.width or 64


def _mapped_word(kvm: Kvm, gpa: int) -> int:
    """64 bits of the page that VMPTRLD has mapped; its memslot may be gone since (vmx.c: nested_get_page(), until v4.7)."""
    page = kvm.pages.get(gpa >> 12)
    return 0 if page is None else memory.read64(kvm.hw, page + (gpa & 0xFF8))


def _put_in_place(kvm: Kvm, vmptr: int, encoding: int, value: int) -> None:
    """Set a member in the page that VMPTRLD has mapped; without a current VMCS there is none."""
    offset, width = _place(encoding)
    page = kvm.pages.get(vmptr + offset >> 12)
    if page is None:
        return
    word, shift = _mapped_word(kvm, vmptr + offset), 8 * (offset & 7)
    mask = ((1 << width) - 1) << shift
    new = word & ~mask | value << shift & mask
    if new != word:
        memory.write64(kvm.hw, page + (vmptr + offset & 0xFF8), new)
        mark_page_dirty(kvm, vmptr + offset >> 12)


def read_guest(kvm: Kvm, vmptr: int, encoding: int) -> int:
    """A member of the struct at L1 guest-physical address vmptr; 0 where there is no memory."""
    offset, width = _place(encoding)
    word = kvm_read_guest(kvm, vmptr + offset) or 0
    return word >> (8 * (offset & 7)) & ((1 << width) - 1)


def write_guest(kvm: Kvm, vmptr: int, encoding: int, value: int) -> None:
    """Set a member of the struct at vmptr; a page never touched stays untouched while it would hold zeros only."""
    offset, width = _place(encoding)
    word = kvm_read_guest(kvm, vmptr + offset) or 0
    shift = 8 * (offset & 7)
    mask = ((1 << width) - 1) << shift
    new = word & ~mask | value << shift & mask
    if new != word:
        kvm_write_guest(kvm, vmptr + offset, new)


def _layout() -> tuple[tuple[int, tuple[tuple[int, int, int], ...]], ...]:
    """The struct by cells of 64 bits: byte offset, and encoding, lowest bit and mask of each member in it."""
    cells: dict[int, list[tuple[int, int, int]]] = {}
    for encoding in ENCODINGS:
        offset, width = _place(encoding)
        cells.setdefault(offset & ~7, []).append((encoding, 8 * (offset & 7), (1 << width) - 1))
    return tuple((offset, tuple(members)) for offset, members in sorted(cells.items()))


LAYOUT: Final = _layout()


def read_struct(kvm: Kvm, vmptr: int) -> Iterator[tuple[int, int]]:
    """Every member of the struct at vmptr with its value; all 0 where there is no memory."""
    for offset, members in LAYOUT:
        cell = kvm_read_guest(kvm, vmptr + offset) or 0
        for encoding, shift, mask in members:
            yield encoding, cell >> shift & mask


def write_struct(kvm: Kvm, vmptr: int, value_of: Callable[[int], int]) -> None:
    """Set every member of the struct at vmptr; cells that would hold what they hold are not written."""
    for offset, members in LAYOUT:
        old = new = kvm_read_guest(kvm, vmptr + offset) or 0
        for encoding, shift, mask in members:
            new = new & ~(mask << shift) | (value_of(encoding) & mask) << shift
        if new != old:
            kvm_write_guest(kvm, vmptr + offset, new)


def is_vmcs12(kvm: Kvm, vmptr: int, shadow: bool = False) -> bool:
    """Does the region carry KVM's revision identifier?  shadow: it may be a shadow VMCS."""
    return read_guest(kvm, vmptr, REVISION) & ~(SHADOW_INDICATOR if shadow else 0) == VMCS12_REVISION
