"""VMREAD and VMWRITE of L1, and of an L2 with VMCS shadowing."""

from __future__ import annotations

import pytest

from kvm_support import (
    KERNELS,
    L1_PAGE,
    L2_PAGE,
    SHADOW_VMCS,
    V4_3,
    V4_4,
    V6_12,
    VMCS,
    VMREAD_BITMAP,
    VMWRITE_BITMAP,
    Machine,
    exceptions,
    pointed,
    results,
    shadowing,
    values,
)
from kvmdbg.machine.hw.controls import RFLAGS_AF, RFLAGS_CF, RFLAGS_PF, RFLAGS_SF, RFLAGS_ZF
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.outcome import ARITHMETIC_FLAGS
from kvmdbg.machine.hw.paging import P
from kvmdbg.machine.kvm import vmcs12

UNMAPPED = 0x123_0000
LINKLESS = 0xFFFF_FFFF_FFFF_FFFF

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


def test_user_space_can_make_exit_information_read_only() -> None:
    m = pointed(l1_caps=(("vmwrite_any_field", False),))
    assert results(m.run("vmwrite EXIT_QUALIFICATION, 5", "vmwrite 0x4420, 1")) == ["vmwrite 13", "vmwrite 12"]
    m = pointed("v6.12 -693e02cc2409", l1_caps=(("vmwrite_any_field", False),))
    assert results(m.run("vmwrite 0x4420, 1")) == ["vmwrite 13"]


@pytest.mark.parametrize(("name", "error"), [("v3.1", 13), (V4_4, 13), ("v4.15", 13), (V6_12, 12)])
def test_vmwrite_to_a_field_of_exit_information_that_vmcs12_lacks(name: str, error: int) -> None:
    """Old kernels look at bits 11:10 of the encoding before they look whether there is such a field."""
    m = pointed(name)
    assert results(m.run("vmwrite 0x4420, 1")) == [f"vmwrite {error}"]


@pytest.mark.parametrize(("name", "kept"), [(V4_4, 0xFFFF_FFFF), ("v4.15", 0xFFFF_FFFF), ("v5.7", 0x1_F0FF), (V6_12, 0x1_F0FF),
                                            ("v6.12 -b643780562af", 0xFFFF_FFFF)])
def test_reserved_bits_of_access_rights(name: str, kept: int) -> None:
    m = pointed(name)
    m.run("vmwrite GUEST_CS_AR_BYTES, -1", "vmwrite GUEST_TR_AR_BYTES, -1", "vmwrite GUEST_INTERRUPTIBILITY_INFO, -1")
    assert (m.vmread("GUEST_CS_AR_BYTES"), m.vmread("GUEST_TR_AR_BYTES")) == (kept, kept)
    assert m.vmread("GUEST_INTERRUPTIBILITY_INFO") == 0xFFFF_FFFF


@pytest.mark.parametrize("name", [V4_4, V6_12])
def test_every_field_keeps_what_is_written(name: str) -> None:
    m = pointed(name)
    writable = [field for field in vmcs12.MEMBERS
                if m.kvm.era.vmcs12_has(field.encoding) and (name == V6_12 or field.area != "exit-info")]
    for field in writable:
        m.run(f"vmwrite {field.name}, {0x42 * (field.encoding + 1) << 8:#x}")
    m.run(f"vmclear {VMCS:#x}", f"vmptrld {VMCS:#x}")
    for field in writable:
        kept = 0x1_F0FF if field.name.endswith("AR_BYTES") and name == V6_12 else -1
        assert (field.name, m.vmread(field.name)) == (field.name, 0x42 * (field.encoding + 1) << 8 & field.mask & kept)


# -- operands in memory ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", KERNELS)
def test_operands_in_memory(name: str) -> None:
    m = pointed(name)
    m.run(f"store {L1_PAGE:#x}, 0x123456789", f"vmwrite EPT_POINTER, @{L1_PAGE:#x}", f"vmread EPT_POINTER, @{L1_PAGE + 8:#x}")
    assert m.vmread("EPT_POINTER") == 0x1_2345_6789
    assert values(m.run(f"load {L1_PAGE + 8:#x}")) == [0x1_2345_6789]


@pytest.mark.parametrize("flags", [RFLAGS_SF | RFLAGS_AF | RFLAGS_CF, RFLAGS_ZF | RFLAGS_PF | RFLAGS_CF])
@pytest.mark.parametrize(("insn", "expected"), [
    (f"vmread GUEST_SS_SELECTOR, @{UNMAPPED:#x}", ("#PF", UNMAPPED)),
    (f"vmwrite GUEST_SS_SELECTOR, @{UNMAPPED:#x}", ("#PF", UNMAPPED)),
    ("vmread GUEST_SS_SELECTOR, @0x800000000000", ("#GP", 0)), ("vmwrite GUEST_SS_SELECTOR, @0x800000000000", ("#GP", 0))])
def test_an_operand_that_cannot_be_reached_leaves_the_flags_alone(flags: int, insn: str, expected: tuple[str, int]) -> None:
    m = pointed()
    m.cpu.rflags |= flags
    events = m.run(insn)
    assert (exceptions(events), results(events)) == ([expected], [])
    assert m.cpu.rflags & ARITHMETIC_FLAGS == flags


def test_vmread_into_a_read_only_page_is_a_write_that_was_forbidden() -> None:
    m = pointed()
    m.set("L1", L1_PAGE, L1_PAGE | P)
    m.run(f"invlpg {L1_PAGE:#x}", f"vmread GUEST_CR3, @{L1_PAGE:#x}")
    assert (m.cpu.cr2, m.vcpu.exit_to_user) == (L1_PAGE, "")


@pytest.mark.parametrize(("name", "noticed"), [(V4_4, False), ("v4.15", False), ("v5.7", True), ("v6.12 -f7eea636c3d5", False)])
def test_old_kernels_do_not_notice_that_vmread_could_not_write(name: str, noticed: bool) -> None:
    m = pointed(name)
    assert results(m.run(f"vmread GUEST_CR3, @{UNMAPPED:#x}")) == [] if noticed else ["vmread ok"]
    m.run(f"vmread GUEST_CR3, @{L1_PAGE:#x}")
    assert values(m.run(f"load {L1_PAGE:#x}")) == [m.vmread("GUEST_CR3")]


def test_a_field_that_there_is_not_is_found_before_vmread_writes_and_after_vmwrite_has_read() -> None:
    m = pointed()
    assert results(m.run(f"vmread 0x7ffe, @{UNMAPPED:#x}")) == ["vmread 12"]
    assert exceptions(m.run(f"vmwrite 0x7ffe, @{UNMAPPED:#x}")) == [("#PF", UNMAPPED)]
    m.run(f"vmclear {VMCS:#x}")
    assert results(m.run(f"vmwrite 0x7ffe, @{UNMAPPED:#x}")) == ["vmwrite 0"]


# -- VMCS shadowing ----------------------------------------------------------------------------------------------------


SINCE_4_19 = ("v5.7", "v5.14", V6_12)


@pytest.mark.parametrize("name", SINCE_4_19)
def test_l2_reaches_its_shadow_vmcs_and_l1_finds_it_in_memory_after_the_exit(name: str) -> None:
    m = shadowing(name)
    assert results(m.run("vmwrite GUEST_CR3, 0x7000", "vmwrite VM_EXIT_REASON, 9")) == ["vmwrite ok", "vmwrite ok"]
    assert m.vmread("GUEST_CR3") == 0x7000
    m.run("vmcall")
    assert m.vmread("GUEST_CR3") != 0x7000                       # vmcs12's own
    m.run(f"vmptrld {SHADOW_VMCS:#x}")
    assert (m.vmread("GUEST_CR3"), m.vmread("VM_EXIT_REASON")) == (0x7000, 9)


@pytest.mark.parametrize(("bitmap", "insn", "reason"), [
    (VMREAD_BITMAP, "vmread GUEST_CR3", 23), (VMWRITE_BITMAP, "vmwrite GUEST_CR3, 1", 25)])
def test_a_bit_of_the_bitmap_is_an_exit_to_l1(bitmap: int, insn: str, reason: int) -> None:
    m = shadowing()
    m.poke(bitmap + F.GUEST_CR3 // 64 * 8, 1 << F.GUEST_CR3 % 64)
    m.run(insn)
    assert (m.vcpu.guest_mode, m.vmread("VM_EXIT_REASON")) == (False, reason)


@pytest.mark.parametrize("name", [V4_4, "v4.15", V6_12])
@pytest.mark.parametrize("insn", ["vmread GUEST_CR3", "vmwrite GUEST_CR3, 1"])
def test_without_shadowing_it_is_always_an_exit_to_l1(name: str, insn: str) -> None:
    m = Machine(name).start()
    m.run(insn)
    assert not m.vcpu.guest_mode


def test_an_encoding_of_more_than_15_bits_is_always_an_exit_to_l1() -> None:
    m = shadowing()
    m.run("vmread 0x16802")
    assert not m.vcpu.guest_mode


def test_errors_go_into_vmcs12() -> None:
    m = shadowing()
    assert results(m.run("vmread 0x7ffe")) == ["vmread 12"]
    m.run("vmcall")
    assert m.vmread("VM_INSTRUCTION_ERROR") == 12


@pytest.mark.parametrize("insn", ["vmread GUEST_CR3", "vmwrite GUEST_CR3, 1", f"vmwrite GUEST_CR3, @{UNMAPPED:#x}"])
def test_without_a_shadow_vmcs_both_fail(insn: str) -> None:
    m = shadowing(link=LINKLESS)
    assert results(m.run(insn)) == [f"{insn.split()[0]} 0"]
    assert m.flags() == "VMfailInvalid" and m.vcpu.guest_mode


def test_before_v5_6_vmwrite_without_a_shadow_vmcs_read_its_operand_first() -> None:
    m = shadowing("v6.12 -dd2d6042b7f4", link=LINKLESS)
    assert exceptions(m.run(f"vmwrite GUEST_CR3, @{UNMAPPED:#x}")) == [("#PF", UNMAPPED)]
    assert results(m.run("vmwrite GUEST_CR3, 1")) == ["vmwrite 0"]


def test_an_operand_of_l2_in_memory() -> None:
    m = shadowing()
    m.run("vmwrite EPT_POINTER, 0x1111", f"vmread EPT_POINTER, @{L2_PAGE:#x}")
    assert values(m.run(f"load {L2_PAGE:#x}")) == [0x1111]
    assert exceptions(m.run(f"vmread EPT_POINTER, @{UNMAPPED:#x}")) == [("#PF", UNMAPPED)]
