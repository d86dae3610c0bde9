"""Handlers of premises, and the phrases of modes and registers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw import paging
from kvmdbg.machine.hw.fields import F
from kvmdbg.session.cases import binding, premises
from kvmdbg.session.cases.control_names import CONTROLS
from kvmdbg.session.cases.leaf_of_v import LeafOfV
from kvmdbg.session.cases.premises import Handler, phrases
from kvmdbg.session.cases.setup import Plan, Setup


def after(handler: Handler, value: Any) -> Setup:
    plan = Plan("v6.12")
    handler(plan, value)
    return plan.setup()


MODE, L1, OPERAND = phrases(premises.MODE), phrases(premises.L1), phrases(premises.OPERAND)


def test_modes() -> None:
    assert after(MODE, "64-bit, CPL0, VMX root, a current VMCS") == Plan("v6.12").setup()
    assert after(MODE, "32-bit code segment under long mode").compatibility
    assert after(MODE, "64-bit L2 that executes VMCALL at once").calls_at_once
    assert after(MODE, "64-bit, CPL 3").cpl == 3
    assert not after(MODE, "VMX root operation, no current VMCS").current_vmcs
    for text in ("CPL0, VMX not entered", "outside VMX operation", "not in VMX operation", "VMX off"):
        assert not after(MODE, text).vmx


def test_a_guest_without_vmx_in_its_first_rows() -> None:
    for row, nested in ((1, False), (5, False), (6, True)):
        plan = Plan("v6.12", row=row)
        phrases(premises.CPUID)(plan, "VMX off in the first five rows")
        assert plan.setup().config.nested == nested
    assert not after(phrases(premises.CPUID), "no VMX").config.nested
    with pytest.raises(Unsupported):
        after(phrases(premises.CPUID), "VMX off in the first eleven rows")


def test_registers() -> None:
    assert after(L1, "CR4.PCIDE=1, CR3 has PCID 1; HOST_CR3/HOST_CR4 hold the same").registers == ("cr4 | PCIDE", "cr3 pcid 1")
    assert after(phrases(premises.CR4), "PCIDE=0").registers == ("cr4 &~ PCIDE",)


def test_pages_and_rights() -> None:
    assert after(OPERAND, "mapped and readable").operand_mapped
    for text in ("not present", "unmapped page", "not readable"):
        assert not after(OPERAND, text).operand_mapped


@pytest.mark.parametrize(("text", "leaf"), [
    ("present, accessed, read-only, supervisor", LeafOfV("rx", bits=paging.A)), ("present, user, writable", LeafOfV()),
    ("not present", LeafOfV(present=False)), ("accessed, dirty, NX", LeafOfV("rwu", bits=paging.A | paging.D)),
    ("present, bit 51 (reserved)", LeafOfV(bits=1 << 51)), ("reserved bit 51 set", LeafOfV(bits=1 << 51)),
    ("large, present, read-only", LeafOfV("rxu", large=True)), ("global", LeafOfV(bits=1 << 8))])
def test_the_entry_of_v(text: str, leaf: LeafOfV) -> None:
    assert after(phrases(premises.PTE), text).layout.v == leaf


@pytest.mark.parametrize(("known", "text", "changes"), [
    (premises.CR0, "WP=0", ("cr0 &~ WP",)), (premises.CR0, {"WP": 1, "AM": 0}, ("cr0 | WP", "cr0 &~ AM")),
    (premises.CR4, {"SMEP": True}, ("cr4 | SMEP",)), (premises.EFER, "NX=0", ("efer &~ NXE",)),
    (premises.EFER, "EFER.SCE=1", ("efer | SCE",))])
def test_bits_of_registers(known: Mapping[str, Handler], text: object, changes: tuple[str, ...]) -> None:
    assert after(premises.bits_of(known), text).registers == changes


def test_bits_that_no_register_has() -> None:
    for known in (premises.CR0, premises.CR4, premises.EFER):
        with pytest.raises(Unsupported, match=r"\.LUCK: no bit"):
            after(premises.bits_of(known), "LUCK=1")
    with pytest.raises(Unsupported, match="caps smap: false"):
        after(premises.always("SMAP"), False)


def test_vmcs12_and_its_fields() -> None:
    found = after(premises.vmcs12, {"enable_vpid": True, "vpid": 7})
    assert dict(found.controls) == {CONTROLS["enable_vpid"]: True} and dict(found.fields) == {F.VIRTUAL_PROCESSOR_ID: 7}
    assert dict(after(premises.guest_rflags, "bit 1 is 0, so it fails").fields) == {F.GUEST_RFLAGS: 0}
    assert after(premises.guest_rflags, "good") == Plan("v6.12").setup()
    assert dict(after(premises.field(F.TSC_OFFSET), "0x10").fields) == {F.TSC_OFFSET: 16}
    assert after(premises.eptp, {"ad": True}).ept_ad


def test_what_l1_intercepts_and_l2s_idt() -> None:
    found = after(L1, "intercepts #SS #GP, IDT limit 0")
    assert dict(found.fields) == {F.EXCEPTION_BITMAP: 1 << 12 | 1 << 13, F.GUEST_IDTR_LIMIT: 0}
    assert found.layout.l2_scene is not None
    assert dict(after(premises.vmcs12, {"exc_bitmap": "#DF", "idt_limit": 0xFFF}).fields)[F.EXCEPTION_BITMAP] == 1 << 8
    assert dict(after(L1, "intercepts PAUSE and HLT").controls) == {CONTROLS["hlt_exiting"]: True, CONTROLS["pause_exiting"]: True}
    with pytest.raises(Unsupported):
        after(L1, "intercepts rumours")


@pytest.mark.parametrize(("handler", "value", "message"), [
    (MODE, "64-bit, upside down", "upside down: cannot be set up"), (L1, "CR4.FROB=1", "CR4.FROB: no bit of CR4 in the model"),
    (premises.eptp, "A", "given eptp: A"), (premises.guest_rflags, "odd", "given guest_rflags: odd"),
    (premises.needs, "luck", "needs luck: no capability that a row can need"), (premises.refused("no"), 1, "no"),
])
def test_refusals(handler: Handler, value: Any, message: str) -> None:
    with pytest.raises(Unsupported) as caught:
        after(handler, value)
    assert str(caught.value) == message


def test_a_comma_in_parentheses_ends_no_phrase() -> None:
    setup = phrases(premises.SETUP)
    plan = after(setup, "paths 1 and 3 go through pud1 (user, write) and pud2 (user, read) to the same pmd page")
    assert plan.layout.shared_pmd == ("user, write", "user, read")


@pytest.mark.parametrize("text", ["base", "limit x", "base 1; limit 2", "weird"])
def test_segments_of_other_words_are_refused(text: str) -> None:
    with pytest.raises(Unsupported):
        after(premises.segment_register("fs"), text)


def test_one_cpu_only() -> None:
    assert after(premises.one_cpu, 1) == Plan("v6.12").setup()
    with pytest.raises(Unsupported):
        after(premises.one_cpu, 2)


def test_cached_roots() -> None:
    setup = after(premises.roots, "cached shadow-EPT roots for EPTP A (A/D on), A (A/D off) and B")
    assert [tuple(root) for root in setup.layout.roots] == [("A", True), ("A", False), ("B", False)]
    assert dict(setup.controls)[CONTROLS["enable_ept"]]
    for text in ("some roots", "cached roots for EPTP C"):
        with pytest.raises(Unsupported, match="given roots"):
            after(premises.roots, text)


def test_a_kernel_must_number_its_requests_as_the_case_says() -> None:
    plan = Plan("v5.8")
    premises.request_bits(plan, {"TLB_FLUSH_CURRENT": "arch 26", "HV_TLB_FLUSH": "arch 27", "TLB_FLUSH": 0})
    for wanted in ({"TLB_FLUSH_CURRENT": "arch 27"}, {"NONE_SUCH": "arch 1"}, {"TLB_FLUSH": "first"}):
        with pytest.raises(Unsupported, match="request_bits"):
            premises.request_bits(plan, wanted)


@pytest.mark.parametrize(("text", "value"), [("~0", 2**64 - 1), ("a cleared shadow VMCS", binding.SHADOW_VMCS)])
def test_a_link_pointer(text: str, value: int) -> None:
    plan = Plan("v6.12")
    premises.vmcs12(plan, {"shadow_vmcs": 1, "link_pointer": text})
    assert plan.fields == {F.VMCS_LINK_POINTER: value}


def test_a_link_pointer_that_nobody_knows() -> None:
    with pytest.raises(Unsupported, match="link_pointer: somewhere"):
        premises.vmcs12(Plan("v6.12"), {"link_pointer": "somewhere"})


@pytest.mark.parametrize(("text", "mapped", "flags"), [
    ("not present", False, ""), ("mapped and readable", True, ""), ("read-only", True, "r")])
def test_the_operand_page(text: str, mapped: bool, flags: str) -> None:
    setup = after(phrases(premises.OPERAND), text)
    assert (setup.operand_mapped, setup.operand_flags) == (mapped, flags)


def test_msr_lists_are_named_by_all_three_addresses() -> None:
    listed = phrases(premises.MSR_LIST)
    setup = after(listed, "every entry is TSC, the memory behind it is filled with 0xff")
    assert setup.layout.msr_list == ((0x10, 0),) * 512 + ((2**64 - 1, 2**64 - 1),)
    addresses = (F.VM_ENTRY_MSR_LOAD_ADDR, F.VM_EXIT_MSR_STORE_ADDR, F.VM_EXIT_MSR_LOAD_ADDR)
    assert {dict(setup.fields)[field] for field in addresses} == {binding.MSR_AREA}
    assert after(listed, "one entry: FS_BASE").layout.msr_list == ((0xC000_0100, 0),)
    assert dict(after(listed, "one entry at 0x13370000").fields)[F.VM_ENTRY_MSR_LOAD_ADDR] == 0x1337_0000
    with pytest.raises(Unsupported, match="two entries: cannot be set up"):
        after(listed, "two entries")


def test_registers_of_l1_and_its_vmcs() -> None:
    assert after(phrases(premises.MSR), "FEATURE_CONTROL not locked").layout.feature_control == 0
    setup = after(phrases(premises.VMCS), "already launched, guest RFLAGS bit 1 is 0")
    assert setup.layout.launched and dict(setup.fields)[F.GUEST_RFLAGS] == 0
    cr4 = premises.bits_of(premises.CR4)
    assert after(cr4, {"OSXSAVE": 1}).registers == ("cr4 | OSXSAVE",) == after(cr4, "OSXSAVE=1").registers
    with pytest.raises(Unsupported, match="every processor of the model has XSAVE"):
        after(premises.always("XSAVE"), False)


def test_the_counter_of_l2() -> None:
    setup = after(premises.vmcs12, {"tsc_offset": "-(1 << 48)", "use_tsc_offsetting": True, "msr_bitmap": "TSC not intercepted"})
    assert dict(setup.fields) == {F.TSC_OFFSET: 2**64 - 2**48} and setup.layout.msr_intercepts == ()
    assert dict(setup.controls)[CONTROLS["use_msr_bitmaps"]] and dict(setup.controls)[CONTROLS["use_tsc_offsetting"]]
    assert dict(after(premises.vmcs12, {"tsc_offset": -1}).fields) == {F.TSC_OFFSET: 2**64 - 1}
    some = after(premises.vmcs12, {"msr_bitmap": "FS_BASE and GS_BASE intercepted for reads"}).layout.msr_intercepts
    assert some == ((0xC000_0100, False), (0xC000_0101, False))
    assert after(premises.vmcs12, {"msr_bitmap": "TSC intercepted"}).layout.msr_intercepts == ((0x10, False), (0x10, True))
    for text in ("all is well", "0x2000 not intercepted"):
        with pytest.raises(Unsupported, match="vmcs12 msr_bitmap"):
            after(premises.vmcs12, {"msr_bitmap": text})
