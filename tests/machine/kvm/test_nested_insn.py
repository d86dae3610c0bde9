"""L1's VMX instructions: checks in order, VMfail numbers, and what each does (E.1)."""

from __future__ import annotations

import pytest

from kvm_support import (
    EPT12,
    KERNELS,
    L1_PAGE,
    L2_PAGE,
    OTHER_VMCS,
    V4_3,
    V4_4,
    V6_12,
    VMCS,
    VMXON_REGION,
    Machine,
    exceptions,
    flushes,
    made,
    of,
    pointed,
    results,
    values,
)
from kvmdbg.machine.hw.controls import CR0_WP, CR4_PGE
from kvmdbg.machine.hw.events import Delivered, VmEntryFailed
from kvmdbg.machine.hw.vmcs import VMCS_REVISION
from kvmdbg.machine.kvm.events import NestedFailed, VpidAllocated
from kvmdbg.machine.kvm.state import INVALID_GPA

EVERY_VMX = (f"vmclear {VMCS:#x}", f"vmptrld {VMCS:#x}", "vmptrst", "vmread GUEST_CR3", "vmwrite GUEST_CR3, 1", "vmlaunch",
             "vmresume", "vmxoff", "invept all-context")
UNMAPPED = 0x123_0000


# -- permission --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("insn", EVERY_VMX)
def test_outside_vmx_operation_each_is_an_undefined_opcode(name: str, insn: str) -> None:
    m = Machine(name)
    events = m.run(insn)
    assert exceptions(events) == [("#UD", 0)]
    assert [event.vector for event in of(events, Delivered)] == [6]
    assert m.vcpu.program == ()


def test_vmxon_needs_cr4_vmxe() -> None:
    m = Machine()
    m.run("mov cr4, 0xa0")
    assert exceptions(m.run(f"vmxon {VMXON_REGION:#x}")) == [("#UD", 0)]


@pytest.mark.parametrize(("name", "refused"), [(V4_4, False), (V6_12, True), ("v6.12 -c7d855c2aff2", False)])
def test_vmxon_needs_the_fixed_bits_of_cr0(name: str, refused: bool) -> None:
    m = Machine(name)
    m.poke(VMXON_REGION, 0x11E5_7ED0)
    m.run("mov cr0, 0x80050013")                     # NE = 0
    events = m.run(f"vmxon {VMXON_REGION:#x}")
    assert exceptions(events) == ([("#GP", 0)] if refused else [])
    assert m.vcpu.vmxon != refused


# -- VMXON, VMXOFF -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", KERNELS)
def test_vmxon_and_vmxoff(name: str) -> None:
    m = Machine(name)
    m.poke(VMXON_REGION, 0x11E5_7ED0)
    assert results(m.run(f"vmxon {VMXON_REGION:#x}")) == ["vmxon ok"]
    assert (m.vcpu.vmxon, m.vcpu.vmxon_ptr, m.vcpu.current_vmptr) == (True, VMXON_REGION, INVALID_GPA)
    assert m.vcpu.vpid02 == (0 if name == V4_3 else 2)
    assert results(m.run("vmxoff")) == ["vmxoff ok"]
    assert (m.vcpu.vmxon, m.vcpu.vmxon_ptr) == (False, INVALID_GPA)


def test_v6_12_takes_vpid02_at_vmxon() -> None:
    m = Machine(V6_12)
    m.poke(VMXON_REGION, 0x11E5_7ED0)
    assert of(m.run(f"vmxon {VMXON_REGION:#x}"), VpidAllocated) == [VpidAllocated(0, 2)]
    m.run("vmxoff")
    assert m.vcpu.vpid02 == 0


@pytest.mark.parametrize("operand", ["0x3001", "0x7000", "0x800000000000", "0x60000000"])
def test_vmxon_of_a_bad_region_is_vmfailinvalid(operand: str) -> None:
    """Misaligned, without the revision identifier, too wide, no memory."""
    m = Machine()
    assert results(m.run(f"vmxon {operand}")) == ["vmxon 0"]
    assert (m.flags(), m.vcpu.vmxon) == ("VMfailInvalid", False)


@pytest.mark.parametrize("name", KERNELS)
def test_vmxon_in_vmx_operation_is_error_15(name: str) -> None:
    m = pointed(name)
    assert results(m.run(f"vmxon {VMXON_REGION:#x}")) == ["vmxon 15"]
    assert (m.flags(), m.vmread("VM_INSTRUCTION_ERROR")) == ("VMfailValid", 15)


# -- VMCLEAR, VMPTRLD, VMPTRST -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize(("insn", "error"), [
    ("vmclear 0x5001", 2), ("vmclear 0x400000000000", 2), (f"vmclear {VMXON_REGION:#x}", 3), ("vmptrld 0x5008", 9),
    ("vmptrld 0x400000000000", 9), ("vmptrld 0x7000", 11)])
def test_bad_pointers(name: str, insn: str, error: int) -> None:
    m = pointed(name)
    assert results(m.run(insn)) == [f"{insn.split()[0]} {error}"]
    assert (m.flags(), m.vcpu.current_vmptr, m.vmread("VM_INSTRUCTION_ERROR")) == ("VMfailValid", VMCS, error)


@pytest.mark.parametrize(("name", "end"), [
    ("v4.4", "0"), ("v4.15", "0"), ("v5.7", "11"), ("v6.12", "11"), ("v6.12 -826c1362e79a", "0")])
def test_vmptrld_of_an_address_without_memory(name: str, end: str) -> None:
    m = pointed(name)
    assert results(m.run("vmptrld 0x60000000")) == [f"vmptrld {end}"]
    assert m.vcpu.current_vmptr == VMCS


@pytest.mark.parametrize(("name", "lives"), [("v4.4", False), ("v4.15", True), ("v6.12", True), ("v6.12 -587d7e72aedc", False)])
def test_vmclear_of_an_address_without_memory(name: str, lives: bool) -> None:
    m = pointed(name)
    assert results(m.run("vmclear 0x60000000")) == ["vmclear ok"] * lives
    assert bool(m.vcpu.exit_to_user) is not lives


@pytest.mark.parametrize(("name", "end"), [("v4.15", "vmptrld 11"), ("v5.7", "vmptrld ok"), ("v6.12", "vmptrld ok")])
def test_a_shadow_vmcs_can_be_current_and_cannot_be_entered(name: str, end: str) -> None:
    m = pointed(name)
    m.poke(0x7000, VMCS_REVISION | 1 << 31)
    assert results(m.run("vmptrld 0x7000")) == [end]
    if end == "vmptrld ok":
        assert results(m.run("vmwrite GUEST_CR3, 0x1000", "vmlaunch")) == ["vmwrite ok", "vmlaunch 0"]
        assert m.flags() == "VMfailInvalid" and m.vmread("GUEST_CR3") == 0x1000


@pytest.mark.parametrize("name", KERNELS)
def test_vmptrst_into_memory(name: str) -> None:
    m = pointed(name)
    assert results(m.run(f"vmptrst @{L1_PAGE + 8:#x}")) == ["vmptrst ok"]
    m.run(f"load {L1_PAGE + 8:#x}")
    assert m.cpu.rax == VMCS
    assert exceptions(m.run(f"vmptrst @{UNMAPPED:#x}")) == [("#PF", UNMAPPED)]


@pytest.mark.parametrize("name", KERNELS)
def test_without_a_current_vmcs_a_failure_has_no_number(name: str) -> None:
    m = Machine(name).given_vmx()
    for insn in ("vmclear 0x5001", "vmptrld 0x7000", "vmlaunch", "vmresume", "vmread GUEST_CR3", "vmwrite GUEST_CR3, 1"):
        assert results(m.run(insn)) == [f"{insn.split()[0]} 0"]
        assert m.flags() == "VMfailInvalid"


@pytest.mark.parametrize("name", KERNELS)
def test_vmclear_of_the_current_vmcs_leaves_none(name: str) -> None:
    m = pointed(name)
    assert results(m.run(f"vmclear {VMCS:#x}")) == ["vmclear ok"]
    assert m.vcpu.current_vmptr == INVALID_GPA
    m.run("vmptrst")
    assert m.cpu.rax == INVALID_GPA


@pytest.mark.parametrize("name", KERNELS)
def test_vmptrst_gives_the_pointer(name: str) -> None:
    m = pointed(name)
    m.run(f"vmptrld {OTHER_VMCS:#x}", "vmptrst")
    assert m.cpu.rax == OTHER_VMCS


@pytest.mark.parametrize("name", KERNELS)
def test_neither_vmclear_nor_vmptrld_flushes(name: str) -> None:
    m = pointed(name)
    events = m.run("vmlaunch")
    m.run("vmcall")
    events = m.run(f"vmptrld {OTHER_VMCS:#x}", f"vmclear {VMCS:#x}", f"vmclear {OTHER_VMCS:#x}")
    assert (flushes(events), made(events)) == ([], [])


# -- operands in memory ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", KERNELS)
def test_a_pointer_in_memory_is_read_through_l1s_tables(name: str) -> None:
    m = pointed(name)
    m.poke(L1_PAGE + 0x10, OTHER_VMCS)
    assert results(m.run(f"vmptrld @{L1_PAGE + 0x10:#x}")) == ["vmptrld ok"]
    assert m.vcpu.current_vmptr == OTHER_VMCS


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize(("insn", "expected"), [
    (f"vmptrld @{UNMAPPED:#x}", ("#PF", UNMAPPED)), ("vmclear @0x800000000000", ("#GP", 0)),
    (f"invept all-context @{UNMAPPED + 8:#x}", ("#PF", UNMAPPED + 8)),
    (f"invept all-context @{L1_PAGE + 0xFF8:#x}", ("#PF", L1_PAGE + 0x1000))])
def test_an_operand_that_cannot_be_read_is_an_exception_of_l1(name: str, insn: str, expected: tuple[str, int]) -> None:
    m = pointed(name)
    events = m.run(insn)
    assert exceptions(events) == [expected]
    assert results(events) == []
    if expected[0] == "#PF":
        assert m.cpu.cr2 == expected[1]


def test_a_pointer_is_64_bits_and_may_end_with_its_page() -> None:
    m = pointed()
    m.poke(L1_PAGE + 0xFF8, OTHER_VMCS)
    assert results(m.run(f"vmptrld @{L1_PAGE + 0xFF8:#x}")) == ["vmptrld ok"]


# -- VMLAUNCH, VMRESUME ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", KERNELS)
def test_vmlaunch_needs_clear_and_vmresume_launched(name: str) -> None:
    m = pointed(name)
    assert results(m.run("vmresume")) == ["vmresume 5"]
    m.run("vmlaunch", "vmcall")
    assert results(m.run("vmlaunch")) == ["vmlaunch 4"]
    m.run(f"vmclear {VMCS:#x}", f"vmptrld {VMCS:#x}")
    assert results(m.run("vmresume")) == ["vmresume 5"]


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize(("write", "error"), [
    ("PIN_BASED_VM_EXEC_CONTROL, -1", 7), ("VM_EXIT_CONTROLS, -1", 7), ("VM_ENTRY_CONTROLS, -1", 7), ("HOST_CR3, -1", 8),
    ("HOST_CS_SELECTOR, 0", 8), ("HOST_RIP, 0x800000000000", 8)])
def test_bad_controls_are_error_7_and_bad_host_state_8(name: str, write: str, error: int) -> None:
    m = pointed(name)
    m.run(f"vmwrite {write}")
    events = m.run("vmlaunch")
    assert results(events) == [f"vmlaunch {error}"]
    assert [(event.vmcs, event.error) for event in of(events, VmEntryFailed)] == [(VMCS, error)]
    assert write.split(",")[0] in of(events, VmEntryFailed)[0].check
    assert not m.vcpu.guest_mode


@pytest.mark.parametrize("name", KERNELS)
def test_controls_are_looked_at_before_the_host(name: str) -> None:
    m = pointed(name)
    m.run("vmwrite HOST_CR3, -1", "vmwrite PIN_BASED_VM_EXEC_CONTROL, -1", "vmwrite GUEST_RFLAGS, 0")
    assert results(m.run("vmlaunch")) == ["vmlaunch 7"]


def test_v4_3_offers_no_vpid_so_a_vmcs12_with_it_is_error_7() -> None:
    m = pointed(V4_3)
    m.run("vmwrite SECONDARY_VM_EXEC_CONTROL, 0x22")
    assert results(m.run("vmlaunch")) == ["vmlaunch 7"]


@pytest.mark.parametrize(("name", "ends"), [(V4_4, []), (V6_12, ["vmlaunch 7"]), ("v6.12 -f0d736547815", [])])
def test_vpid12_0(name: str, ends: list[str]) -> None:
    """Refused since v4.20."""
    m = pointed(name, vpid=0)
    assert results(m.run("vmlaunch")) == ends


@pytest.mark.parametrize(("name", "ends"), [(V4_4, []), (V6_12, ["vmlaunch 7"])])
@pytest.mark.parametrize("eptp", [EPT12 | 0x1D, EPT12 | 0x16, EPT12 | 0x9E])
def test_an_invalid_eptp12(name: str, ends: list[str], eptp: int) -> None:
    """v4.4 does not look: it walks four levels whatever the EPTP says."""
    m = pointed(name)
    m.run(f"vmwrite EPT_POINTER, {eptp:#x}")
    assert results(m.run("vmlaunch")) == ends
    if not ends:
        assert values(m.run(f"load {L2_PAGE:#x}")) == [0]


def test_v4_4_with_enable_vpid_0_lets_l1_ask_for_a_vpid_that_the_processor_refuses() -> None:
    """E.1: the control is settable even with enable_vpid=0; vmcs02 then has VPID 0."""
    m = pointed(V4_4, enable_vpid=False)
    rip = m.cpu.rip
    events = m.run("vmlaunch")
    assert of(events, NestedFailed) == [NestedFailed(0, "vmlaunch", 7)]
    assert [event.vmcs for event in of(events, VmEntryFailed)] == [m.vcpu.vmcs02]
    assert (m.vcpu.guest_mode, m.stat("guest_mode"), m.flags(), m.cpu.rip - rip) == (False, 0, "VMfailValid", 3)
    assert (m.vcpu.exit_to_user, m.vmread("VM_INSTRUCTION_ERROR")) == ("", 7)


def test_an_entry_that_the_processor_refuses_leaves_l1_with_its_own_registers() -> None:
    m = pointed(V4_4, enable_vpid=False)
    m.run("vmwrite GUEST_CR4, 0x2020", "vmwrite GUEST_CR3, 0x48000", "vmlaunch")
    assert (m.vcpu.cr4, m.cpu.cr3) == (0x20A0, 0x1000)
    events = m.run("mov cr4, 0x20a0")                     # what it is already
    assert made(events) == []


def test_an_entry_that_the_processor_refuses_gives_l1_its_own_bits_as_kvm_last_wrote_them() -> None:
    """L1 cleared CR0.WP and CR4.PGE without an exit; the read shadows still have both, and CR0 and CR4 are loaded from them."""
    m = pointed("v4.4 +fb509f76acc8", enable_vpid=False)
    m.run("mov cr0, 0x80040033", "mov cr4, 0x2020")
    assert (m.cpu.cr0 & CR0_WP, m.cpu.cr4 & CR4_PGE) == (0, 0)
    events = m.run("vmlaunch")
    assert results(events) == ["vmlaunch 7"]
    assert (m.cpu.cr0 & CR0_WP, m.cpu.cr4 & CR4_PGE) == (CR0_WP, CR4_PGE)
    assert (m.vcpu.cr0, m.vcpu.cr4) == (0x8005_0033, 0x20A0)
    m.run("mov rax, cr0")
    assert m.cpu.rax == 0x8005_0033


def test_user_space_can_make_l1s_processor_demand_more_of_cr4() -> None:
    m = Machine(l1_caps=(("cr4_fixed0", 0x2080),))
    m.poke(VMXON_REGION, VMCS_REVISION)
    m.run("rdmsr IA32_VMX_CR4_FIXED0")
    assert m.cpu.rax == 0x2080
    m.run("mov cr4, 0x2020")
    assert exceptions(m.run(f"vmxon {VMXON_REGION:#x}")) == [("#GP", 0)]
    m.run("mov cr4, 0x20a0")
    assert results(m.run(f"vmxon {VMXON_REGION:#x}")) == ["vmxon ok"]
    assert exceptions(m.run("mov cr4, 0x2020")) == []                 # with EPT, PGE is the guest's own: KVM does not see it
    assert exceptions(m.run("mov cr4, 0x6020")) == [("#GP", 0)]
