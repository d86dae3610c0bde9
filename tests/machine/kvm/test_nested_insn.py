"""L1's VMX instructions: checks in order, VMfail numbers, and what each does (E.1, E.4, E.5)."""

from __future__ import annotations

import pytest

from kvm_support import (
    DATA,
    EPT12,
    EPTP_BITS,
    KERNELS,
    L1_PAGE,
    L2_PAGE,
    OTHER_EPT12,
    OTHER_VMCS,
    V4_3,
    V4_4,
    V6_12,
    VMCS,
    VMXON_REGION,
    Machine,
    flushes,
    made,
    of,
    results,
    values,
)
from kvmdbg.machine.hw.controls import CR0_WP, CR4_PGE
from kvmdbg.machine.hw.events import Delivered, VmEntryFailed
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.state import Caps
from kvmdbg.machine.hw.tlbkey import COMBINED
from kvmdbg.machine.kvm.events import ExceptionInjected, NestedFailed, RootFreed, Stuck, VpidAllocated
from kvmdbg.machine.kvm.state import GUEST_MMU, INVALID_GPA

EVERY_VMX = (f"vmclear {VMCS:#x}", f"vmptrld {VMCS:#x}", "vmptrst", "vmread GUEST_CR3", "vmwrite GUEST_CR3, 1", "vmlaunch",
             "vmresume", "vmxoff", "invept all-context")
UNMAPPED = 0x123_0000


def pointed(name: str = V6_12, vpid: int | None = 1, caps: Caps = Caps(), **config: bool) -> Machine:
    """L1 in VMX operation, VMCS is current and clear."""
    m = Machine(name, caps, **config).given_vmx().given_l2(vpid=vpid).given_l2(OTHER_VMCS, 2)
    m.run(f"vmclear {VMCS:#x}", f"vmclear {OTHER_VMCS:#x}", f"vmptrld {VMCS:#x}")
    return m


def exceptions(events: list[object]) -> list[tuple[str, int]]:
    return [(event.vector, event.address) for event in of(events, ExceptionInjected)]


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
    ("vmptrld 0x400000000000", 9), ("vmptrld 0x7000", 11), ("vmptrld 0x60000000", 11)])
def test_bad_pointers(name: str, insn: str, error: int) -> None:
    m = pointed(name)
    assert results(m.run(insn)) == [f"{insn.split()[0]} {error}"]
    assert (m.flags(), m.vcpu.current_vmptr, m.vmread("VM_INSTRUCTION_ERROR")) == ("VMfailValid", VMCS, error)


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


# -- VMREAD, VMWRITE ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", KERNELS)
def test_vmwrite_cuts_to_the_width_of_the_field(name: str) -> None:
    m = pointed(name)
    m.run("vmwrite VIRTUAL_PROCESSOR_ID, 0x12345", "vmwrite EXCEPTION_BITMAP, 0x123456789")
    assert (m.vmread("VIRTUAL_PROCESSOR_ID"), m.vmread("EXCEPTION_BITMAP")) == (0x2345, 0x2345_6789)


@pytest.mark.parametrize("name", KERNELS)
def test_the_high_half_of_a_64_bit_field(name: str) -> None:
    m = pointed(name)
    m.run("vmwrite EPT_POINTER, 0x111122223333", f"vmwrite {F.EPT_POINTER + 1:#x}, 0x9")
    assert m.vmread("EPT_POINTER") == 0x9_2222_3333
    m.run(f"vmread {F.EPT_POINTER + 1:#x}")
    assert m.cpu.rax == 9


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("insn", ["vmread 0x7ffe", "vmwrite 0x7ffe, 1", f"vmread {F.GUEST_CR3 + 1:#x}",
                                  f"vmwrite {F.GUEST_CR3 + 1:#x}, 1"])
def test_a_field_that_there_is_not_is_error_12(name: str, insn: str) -> None:
    m = pointed(name)
    assert results(m.run(insn)) == [f"{insn.split()[0]} 12"]


@pytest.mark.parametrize(("name", "ends"), [(V4_3, "13"), (V4_4, "13"), (V6_12, "ok"), ("v4.4 +f4160e459c57", "ok")])
def test_vmwrite_to_a_read_only_field(name: str, ends: str) -> None:
    m = pointed(name)
    assert results(m.run("vmwrite EXIT_QUALIFICATION, 5")) == [f"vmwrite {ends}"]
    assert m.vmread("EXIT_QUALIFICATION") == (5 if ends == "ok" else 0)


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


# -- INVVPID (E.4) -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("insn", ["invvpid individual-address 1 0x5000", "invvpid single-context 1", "invvpid all-context",
                                  "invvpid single-context-retaining-globals 9"])
def test_v6_12_flushes_vpid02_whatever_vpid_is_named(insn: str) -> None:
    m = pointed(V6_12)
    wanted = "invvpid individual-address 2 @0x5000" if "individual" in insn else "invvpid single-context 2"
    events = m.run(insn)
    assert (results(events), flushes(events), made(events)) == (["invvpid ok"], [wanted], [])
    assert m.stat("tlb_flush") == 1                      # INVVPID is not counted; the first entry was


@pytest.mark.parametrize("insn", ["invvpid single-context 0", "invvpid single-context-retaining-globals 0",
                                  "invvpid individual-address 0 0", "invvpid individual-address 1 0x800000000000",
                                  "invvpid single-context 0x10001", "invvpid all-context 0x10000", "invvpid 4 1", "invvpid 66 1",
                                  "invvpid 0x100000001 1"])
def test_v6_12_refuses_a_bad_operand_with_error_28(insn: str) -> None:
    m = pointed(V6_12)
    events = m.run(insn)
    assert (results(events), flushes(events)) == (["invvpid 28"], [])
    assert m.vcpu.exit_to_user == ""


def test_v6_12_reads_16_bytes_of_descriptor() -> None:
    m = pointed(V6_12)
    m.poke(L1_PAGE, 3)
    m.poke(L1_PAGE + 8, 0x7000)
    assert flushes(m.run(f"invvpid individual-address @{L1_PAGE:#x}")) == ["invvpid individual-address 2 @0x7000"]


def test_v6_12_on_a_processor_without_individual_address_flushes_the_vpid() -> None:
    m = pointed(V6_12, caps=Caps(invvpid_types=(1, 2)))
    assert flushes(m.run("invvpid individual-address 1 0x5000")) == ["invvpid single-context 2"]


@pytest.mark.parametrize("name", [V4_3, "v4.4 -089d7b6ec515", V6_12])
def test_where_invvpid_is_not_offered_it_is_undefined(name: str) -> None:
    m = pointed(name, vpid=None, enable_vpid=name != V6_12)
    assert exceptions(m.run("invvpid all-context")) == [("#UD", 0)]


def test_v4_4_flushes_vpid02_and_the_current_root() -> None:
    m = pointed(V4_4)
    events = m.run("invvpid all-context")
    assert results(events) == ["invvpid ok"]
    assert flushes(events) == ["invvpid single-context 2", f"invept single-context {m.tag():#x}"]


def test_v4_4_looks_at_vmcs12s_vpid_instead_of_the_operand() -> None:
    """I-29: VMfail 28 without stepping over the instruction, so L1 repeats it for ever."""
    m = pointed(V4_4, vpid=0)
    events = m.run("invvpid all-context 5")
    assert of(events, Stuck) == [Stuck(0, "invvpid all-context, 5")]
    assert set(results(events)) == {"invvpid 28"}
    assert m.vcpu.exit_to_user.startswith("no progress")
    assert results(pointed(V4_4).run("invvpid all-context 0x10000")) == ["invvpid ok"]


def test_v4_4_without_a_current_vmcs_crashes_the_host() -> None:
    m = Machine(V4_4).given_vmx()
    m.run("invvpid all-context")
    assert m.vcpu.exit_to_user.startswith("host crash: NULL dereference in handle_invvpid()")


@pytest.mark.parametrize("name", [V4_4, "v4.4 +85c856b39b47"])
@pytest.mark.parametrize("insn", ["invvpid 7 1", "invvpid single-context 1", "invept 7 0", f"invept single-context {EPT12:#x}"])
def test_an_illegal_type_hangs_l1_until_v4_6(name: str, insn: str) -> None:
    """I-4."""
    m = pointed(name)
    events = m.run(insn)
    if name == V4_4:
        assert len(of(events, Stuck)) == 1
        assert m.vcpu.todo == ()
    else:
        assert results(events) == [f"{insn.split()[0]} 28"]
        assert m.vcpu.exit_to_user == ""


@pytest.mark.parametrize(("name", "insn", "bug"), [
    (V4_4, "invvpid 66 1", True), (V4_4, "invept 66 0", True), (V4_4, "invept 130 0", True), (V4_3, "invept 66 0", True),
    (V6_12, "invvpid 66 1", False), (V6_12, "invept 66 0", False)])
def test_a_type_that_aliases_an_offered_one_is_a_bug(name: str, insn: str, bug: bool) -> None:
    m = pointed(name)
    m.run(insn)
    assert m.vcpu.exit_to_user.startswith(f"BUG() in handle_{insn.split()[0]}()") == bug


# -- INVEPT (E.5) ------------------------------------------------------------------------------------------------------


def two_roots() -> Machine:
    """guest_mmu has EPT12's root and, current, OTHER_EPT12's; L1 runs."""
    m = pointed()
    for page in (DATA, 0x4_0000):
        m.map("ept12", page, page, root=OTHER_EPT12)
    m.run("vmlaunch", f"load {L2_PAGE:#x}", "vmcall", f"vmwrite EPT_POINTER, {OTHER_EPT12 | EPTP_BITS:#x}", "vmresume", "vmcall")
    return m


@pytest.mark.parametrize(("insn", "freed"), [
    (f"invept single-context {EPT12 | 0x1E:#x}", [EPT12]), (f"invept single-context {EPT12 | 0x5E:#x}", [EPT12]),
    (f"invept single-context {OTHER_EPT12 | 0x1E:#x}", [OTHER_EPT12]), ("invept single-context 0x7701e", []),
    ("invept all-context", [EPT12, OTHER_EPT12])])
def test_v6_12_frees_the_roots_of_that_ep4ta_and_flushes_nothing_by_itself(insn: str, freed: list[int]) -> None:
    m = two_roots()
    events = m.run(insn)
    assert results(events) == ["invept ok"]
    assert sorted(event.pgd & ~0xFFF for event in of(events, RootFreed)) == freed
    assert {event.mmu for event in of(events, RootFreed)} <= {GUEST_MMU}
    assert (flushes(events), made(events)) == ([], [])


def test_v6_12_flushes_when_the_freed_root_is_loaded_again() -> None:
    m = two_roots()
    m.run(f"invept single-context {EPT12 | EPTP_BITS:#x}", f"vmwrite EPT_POINTER, {EPT12 | EPTP_BITS:#x}")
    events = m.run("vmresume")
    assert flushes(events) == [f"invept single-context {m.tag(GUEST_MMU):#x}"]
    assert m.cached(COMBINED, L2_PAGE) == []


@pytest.mark.parametrize("insn", ["invept single-context 0x1001d", "invept single-context 0x10016", "invept single-context 0x1009e",
                                  "invept single-context 0x400000001e", "invept 0 0", "invept 3 0", "invept 66 0"])
def test_v6_12_refuses_a_bad_eptp_or_type_with_error_28(insn: str) -> None:
    m = two_roots()
    events = m.run(insn if "400000001e" not in insn else "invept single-context 0x400000000001e")
    assert (results(events), of(events, RootFreed)) == (["invept 28"], [])


@pytest.mark.parametrize("name", [V4_3, V4_4])
def test_v4_4_syncs_the_current_root_and_asks_for_a_full_flush(name: str) -> None:
    m = pointed(name)
    events = m.run("invept all-context")
    assert (results(events), made(events)) == (["invept ok"], ["TLB_FLUSH"])
    assert flushes(events) == ["invvpid single-context 1", f"invept single-context {m.tag():#x}"]
    assert of(events, RootFreed) == []


@pytest.mark.parametrize("name", [V4_4, "v4.4 +85c856b39b47 +45e11817d570"])
def test_single_context_invept_is_offered_since_v4_8(name: str) -> None:
    m = pointed(name)
    m.run(f"invept single-context {EPT12 | EPTP_BITS:#x}")
    assert (m.vcpu.exit_to_user == "") == (name != V4_4)


@pytest.mark.parametrize(("name", "error"), [("v3.1", 13), (V4_4, 13), ("v4.15", 13), (V6_12, 12)])
def test_vmwrite_to_a_field_of_exit_information_that_vmcs12_lacks(name: str, error: int) -> None:
    """Old kernels look at bits 11:10 of the encoding before they look whether there is such a field."""
    m = pointed(name)
    assert results(m.run("vmwrite 0x4420, 1")) == [f"vmwrite {error}"]


@pytest.mark.parametrize(("name", "error"), [("v6.12", "ok"), ("v6.12 -ae1e2d1082ae", "28")])
def test_the_eptp_of_invept_is_checked_with_what_l1_is_offered(name: str, error: str) -> None:
    """E.5, I-11: without A/D bits for L1, bit 6 is a reserved one, whatever the processor has."""
    m = Machine(name).given_vmx()
    m.given_l2()
    m.run(f"vmptrld {VMCS:#x}")
    assert results(m.run(f"invept single-context, {EPT12 | EPTP_BITS | 1 << 6:#x}")) == [f"invept {error}"]


@pytest.mark.parametrize("enable_ept", [True, False])
@pytest.mark.parametrize(("insn", "result"), [
    ("invvpid individual-address 1 0x5000", "ok"), ("invvpid single-context 1", "ok"), ("invvpid all-context", "ok"),
    ("invvpid single-context-retaining-globals 9", "ok"), ("invvpid single-context 0", "28"),
    ("invvpid single-context 0x10001", "28"), ("invvpid all-context 0x10000", "28"),
    ("invvpid individual-address 1 0x800000000000", "28"), ("invvpid 4 1", "28"),
    ("invvpid 66 1", "28")])
def test_invvpid_of_v4_15_is_invept_where_there_is_ept(insn: str, result: str, enable_ept: bool) -> None:
    """E.4, column E17: the hook for vpid02 takes the current root's EPTP when EPT is on (I-6)."""
    m = Machine("v4.15", enable_ept=enable_ept).given_vmx().given_l2(eptp=EPT12 if enable_ept else None)
    m.run(f"vmclear {VMCS:#x}", f"vmptrld {VMCS:#x}")
    events = m.run(insn)
    wanted = f"invept single-context {m.tag():#x}" if enable_ept else "invvpid single-context 2"
    assert results(events) == [f"invvpid {result}"]
    assert flushes(events) == ([wanted] if result == "ok" else [])
    assert m.vcpu.exit_to_user == ""


@pytest.mark.parametrize(("insn", "result"), [
    ("invept all-context", "ok"), (f"invept single-context {EPT12 | EPTP_BITS:#x}", "ok"), ("invept single-context 0x10016", "ok"),
    ("invept 3 0", "28"), ("invept 66 0", "28")])
def test_invept_of_v4_15_syncs_and_asks_for_a_full_flush(insn: str, result: str) -> None:
    """E.5, column E17: types 1 and 2 alike, and an EPTP that VM entry would refuse passes (I-11)."""
    m = pointed("v4.15")
    events = m.run(insn)
    assert results(events) == [f"invept {result}"]
    assert made(events) == (["TLB_FLUSH"] if result == "ok" else [])
    assert flushes(events) == ([f"invept single-context {m.tag():#x}"] if result == "ok" else [])
