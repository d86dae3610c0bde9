"""The guest's memory by linear address, as KVM reaches it for an instruction that it emulates (x86.c: kvm_read_guest_virt()).

The guest's tables are walked in software, at privilege level 0, and their A and D flags are set.  What L2 calls physical goes
through EPT12 where L1 uses EPT.
"""

from __future__ import annotations

from typing import NamedTuple

from kvmdbg.machine.hw import ept, paging
from kvmdbg.machine.hw.controls import CR0_PG, EXIT_REASON_EPT_MISCONFIG, EXIT_REASON_EPT_VIOLATION, EXIT_REASON_PML_FULL
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm import nested, vmcs12
from kvmdbg.machine.kvm.guest_memory import gfn_visible, kvm_read_guest, kvm_write_guest
from kvmdbg.machine.kvm.guest_paging import guest_paging
from kvmdbg.machine.kvm.nested_ept import RIGHTS_SHIFT, set_accessed_dirty, walk_ept12
from kvmdbg.machine.kvm.paging_tmpl import PageFault, permitted
from kvmdbg.machine.kvm.state import Kvm, Vcpu
from kvmdbg.machine.kvm.vmx import drop_instruction
from kvmdbg.machine.kvm.vmx_control_registers import kvm_read_cr3, vmx_cache_pdptrs
from kvmdbg.machine.kvm.vmx_ops import read
from kvmdbg.machine.kvm.x86 import kvm_queue_exception


class EptFault(NamedTuple):
    """EPT12 explains why a guest-physical address of L2 cannot be reached: L1's affair."""

    reason: int
    qualification: int
    gpa: int


class NoMemory(NamedTuple):
    """The guest's tables name an address outside the memslots."""

    gpa: int


def kvm_read_guest_virt(kvm: Kvm, vcpu: Vcpu, la: int) -> int | None:
    """The 64 bits around a linear address; None after the guest was given the fault, or L1 the exit, that the read makes."""
    found = operand(kvm, vcpu, la, 0)
    return None if found is None else kvm_read_guest(kvm, found)


def kvm_write_guest_virt_system(kvm: Kvm, vcpu: Vcpu, la: int, value: int) -> bool:
    """Write 64 bits around a linear address; False as kvm_read_guest_virt()."""
    found = operand(kvm, vcpu, la, paging.PF_WRITE)
    return found is not None and kvm_write_guest(kvm, found, value)


def operand(kvm: Kvm, vcpu: Vcpu, la: int, error_code: int) -> int | None:
    """place() of a VMX instruction's operand; outside the memslots it is no page fault (kvm_handle_memory_failure())."""
    found = place(kvm, vcpu, la, error_code)
    if not isinstance(found, NoMemory):
        return found
    if kvm.era.reports_an_operand_without_memory():
        vcpu.exit_to_user = f"KVM_EXIT_INTERNAL_ERROR (operand of {vcpu.exit_insn.name} at {found.gpa:#x}: no memory)"
    else:
        kvm_queue_exception(kvm, vcpu, "#PF")          # with an error code and an address that nobody has filled in
        drop_instruction(vcpu)
    return None


def translate(kvm: Kvm, vcpu: Vcpu, la: int, error_code: int) -> int | PageFault | EptFault | NoMemory:
    """L1 guest-physical address of a linear one.  error_code: PF_WRITE for a write, PF_USER for one of user mode.

    What the tables lie in must be writable in EPT12 as well, as KVM could have to set A or D there.
    """
    mode, access = guest_paging(kvm, vcpu), ept.WRITE if error_code & paging.PF_WRITE else ept.READ
    if not vcpu.cr0 & CR0_PG:
        return to_l1(kvm, vcpu, la, access, final=True)
    failed: list[EptFault] = []

    def read(address: int) -> int | None:
        place = to_l1(kvm, vcpu, address, ept.READ | ept.WRITE, final=False)
        if isinstance(place, EptFault):
            failed.append(place)
            return None
        return kvm_read_guest(kvm, place)

    walk = paging.software_walk(read, mode, kvm_read_cr3(kvm, vcpu), la, vmx_cache_pdptrs(kvm, vcpu))
    if failed:
        return failed[0]
    if not walk.mapped:
        return PageFault(error_code | (paging.PF_PRESENT | paging.PF_RESERVED if walk.reserved else 0), la)
    if not permitted(kvm, vcpu, walk, error_code):
        return PageFault(error_code | paging.PF_PRESENT, la)
    update_accessed_dirty_bits(kvm, vcpu, walk, bool(error_code & paging.PF_WRITE))
    place = to_l1(kvm, vcpu, walk.address, access, final=True)
    return NoMemory(place) if isinstance(place, int) and not gfn_visible(kvm, place >> 12) else place


def to_l1(kvm: Kvm, vcpu: Vcpu, gpa: int, access: int, final: bool) -> int | EptFault:
    """What the running guest calls physical, as L1 does (translate_nested_gpa()).

    access: ept.READ, WRITE or both; final: it is what the linear address translates to, else a table on the way.
    """
    if not vcpu.guest_mode or not vmcs12.nested_cpu_has_ept(kvm, vcpu):
        return gpa
    eptp = vmcs12.get(kvm, vcpu, F.EPT_POINTER)
    walk = walk_ept12(kvm, eptp, gpa)
    if walk.misconfigured:
        return EptFault(EXIT_REASON_EPT_MISCONFIG, 0, gpa)
    if not walk.mapped or access & ~walk.rights:
        cause = kvm.era.ept_fault_of_the_emulator(access, final, read_exit_qualification(kvm, vcpu),
                                                  kvm.ept_qualification.get(vcpu.id, 0))
        return EptFault(EXIT_REASON_EPT_VIOLATION, cause | walk.rights << RIGHTS_SHIFT, gpa)
    if kvm.era.nested_ept_ad() and eptp & ept.EPTP_AD:
        marked = set_accessed_dirty(kvm, vcpu, walk, eptp, gpa, write=bool(access & ept.WRITE))
        if marked is None:
            return EptFault(EXIT_REASON_PML_FULL, 0, gpa)
    return walk.page + (gpa & walk.size - 1)


def update_accessed_dirty_bits(kvm: Kvm, vcpu: Vcpu, walk: paging.Walk, write: bool) -> None:
    """A in each entry that was used and, for a write, D in the leaf."""
    mode = guest_paging(kvm, vcpu)
    for step in walk.steps:
        flags = paging.A | (paging.D if write and step is walk.steps[-1] else 0)
        place = to_l1(kvm, vcpu, step.address, ept.WRITE, final=False)
        if flags & ~step.value and isinstance(place, int):
            cell = kvm_read_guest(kvm, place) or 0
            kvm_write_guest(kvm, place, mode.cell(place, cell, step.value | flags))


def read_exit_qualification(kvm: Kvm, vcpu: Vcpu) -> int:
    """Of the exit that is being handled, whatever it is (vmx_get_exit_qual())."""
    return read(kvm, vcpu, F.EXIT_QUALIFICATION)


def place(kvm: Kvm, vcpu: Vcpu, la: int, error_code: int) -> int | NoMemory | None:
    """As translate(); a fault goes to the guest, or out of L2 to L1 (kvm_inject_emulated_page_fault())."""
    if not guest_paging(kvm, vcpu).canonical(la):
        kvm_queue_exception(kvm, vcpu, "#GP")
        drop_instruction(vcpu)
        return None
    found = translate(kvm, vcpu, la, error_code)
    if isinstance(found, EptFault):
        nested.nested_ept_inject_page_fault(kvm, vcpu, found.reason, found.qualification, found.gpa)
        return None
    if isinstance(found, PageFault):
        kvm_queue_exception(kvm, vcpu, "#PF", found.error_code, found.address)
        drop_instruction(vcpu)
        return None
    return found
