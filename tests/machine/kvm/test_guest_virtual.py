"""Memory by linear address, as KVM reaches it for the guest that runs."""

from __future__ import annotations

import pytest

from kvm_support import DATA, EPT12, L1_PAGE, L2_PAGE, V6_12, VMCS, Machine, exceptions, values
from kvmdbg.machine.hw.controls import SEC_ENABLE_EPT, SEC_ENABLE_VPID, SEC_SHADOW_VMCS
from kvmdbg.machine.hw.paging import PF_WRITE, A, D, P
from kvmdbg.machine.hw.vmcs import SHADOW_INDICATOR, VMCS_REVISION
from kvmdbg.machine.kvm.guest_virtual import EptFault, NoMemory, kvm_read_guest_virt, kvm_write_guest_virt_system, translate
from kvmdbg.machine.kvm.paging_tmpl import PageFault

UNMAPPED = 0x123_0000
SHADOW_VMCS = 0x9000


def shadowing_with_ept(name: str = V6_12) -> Machine:
    """L2 runs with EPT12 and VMCS shadowing."""
    m = Machine(name).given_vmx()
    m.poke(SHADOW_VMCS, VMCS_REVISION | SHADOW_INDICATOR)
    m.given_l2(SECONDARY_VM_EXEC_CONTROL=SEC_ENABLE_VPID | SEC_ENABLE_EPT | SEC_SHADOW_VMCS, VMCS_LINK_POINTER=SHADOW_VMCS,
               VMREAD_BITMAP=0xA000, VMWRITE_BITMAP=0xB000)
    m.run(f"vmptrld {VMCS:#x}", "vmlaunch")
    return m


def test_reading_and_writing_for_l1_sets_the_flags_of_its_tables() -> None:
    m = Machine().given_vmx()
    m.set("L1", L1_PAGE, m.entry("L1", L1_PAGE) & ~(A | D))
    m.poke(L1_PAGE, 0x77)
    assert kvm_read_guest_virt(m.kvm, m.vcpu, L1_PAGE) == 0x77
    assert m.entry("L1", L1_PAGE) & (A | D) == A
    assert kvm_write_guest_virt_system(m.kvm, m.vcpu, L1_PAGE + 8, 0x88)
    assert m.entry("L1", L1_PAGE) & (A | D) == A | D
    assert values(m.run(f"load {L1_PAGE + 8:#x}")) == [0x88]


@pytest.mark.parametrize(("flags", "error_code", "found"), [
    (0, 0, 0), (0, PF_WRITE, PF_WRITE), (P, PF_WRITE, PF_WRITE | 1), (P | 1 << 51, 0, 9)])
def test_what_the_tables_forbid_is_a_page_fault(flags: int, error_code: int, found: int) -> None:
    m = Machine().given_vmx()
    m.set("L1", L1_PAGE, L1_PAGE | flags if flags else 0)
    assert translate(m.kvm, m.vcpu, L1_PAGE, error_code) == PageFault(found, L1_PAGE)


def test_where_there_is_no_memory() -> None:
    m = Machine().given_vmx()
    m.set("L1", L1_PAGE, 0x6000_0000 | P)
    assert translate(m.kvm, m.vcpu, L1_PAGE, 0) == NoMemory(0x6000_0000)


def test_addresses_of_l2_go_through_ept12() -> None:
    m = shadowing_with_ept()
    assert translate(m.kvm, m.vcpu, L2_PAGE, 0) == DATA
    m.run("vmwrite TSC_OFFSET, 0x55", f"vmread TSC_OFFSET, @{L2_PAGE:#x}")
    assert values(m.run(f"load {L2_PAGE:#x}")) == [0x55]
    assert exceptions(m.run(f"vmread TSC_OFFSET, @{UNMAPPED:#x}")) == [("#PF", UNMAPPED)]


@pytest.mark.parametrize(("name", "qualification"), [("96b067b59ad9", 0x1AA), (V6_12, 0x2B)])
def test_what_ept12_forbids_is_an_exit_to_l1(name: str, qualification: int) -> None:
    """Until 2026 bits 8:7 were those of the exit's own qualification: here the displacement of VMREAD's operand."""
    m = shadowing_with_ept(name)
    m.map("ept12", DATA, DATA, flags="rx", root=EPT12)
    found = translate(m.kvm, m.vcpu, L2_PAGE, PF_WRITE)
    assert isinstance(found, EptFault) and found.gpa == DATA
    m.run(f"vmread TSC_OFFSET, @{L2_PAGE:#x}")
    found = [m.vmread(name) for name in ("VM_EXIT_REASON", "EXIT_QUALIFICATION", "GUEST_PHYSICAL_ADDRESS")]
    assert (m.vcpu.guest_mode, found) == (False, [48, qualification, DATA])


def test_an_address_that_is_not_canonical() -> None:
    m = Machine().given_vmx()
    assert kvm_read_guest_virt(m.kvm, m.vcpu, 0x8000_0000_0000) is None
    assert m.vcpu.exception is not None and m.vcpu.exception.vector == "#GP"
