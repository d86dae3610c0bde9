"""Premises about pages, tables, roots and lists."""

from __future__ import annotations

import pytest

from casework import after
from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw import paging
from kvmdbg.machine.hw.fields import F
from kvmdbg.session.cases import binding, premises_of_memory
from kvmdbg.session.cases.control_names import CONTROLS
from kvmdbg.session.cases.leaf_of_v import LeafOfV
from kvmdbg.session.cases.phrases import phrases

OPERAND = phrases(premises_of_memory.OPERAND)


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
    assert after(phrases(premises_of_memory.PTE), text).layout.v == leaf


def test_cached_roots() -> None:
    setup = after(premises_of_memory.roots, "cached shadow-EPT roots for EPTP A (A/D on), A (A/D off) and B")
    assert [tuple(root) for root in setup.layout.roots] == [("A", True), ("A", False), ("B", False)]
    assert dict(setup.controls)[CONTROLS["enable_ept"]]
    for text in ("some roots", "cached roots for EPTP C"):
        with pytest.raises(Unsupported, match="given roots"):
            after(premises_of_memory.roots, text)


@pytest.mark.parametrize(("text", "mapped", "flags"), [
    ("not present", False, ""), ("mapped and readable", True, ""), ("read-only", True, "r")])
def test_the_operand_page(text: str, mapped: bool, flags: str) -> None:
    setup = after(phrases(premises_of_memory.OPERAND), text)
    assert (setup.operand_mapped, setup.operand_flags) == (mapped, flags)


def test_msr_lists_are_named_by_all_three_addresses() -> None:
    listed = phrases(premises_of_memory.MSR_LIST)
    setup = after(listed, "every entry is TSC, the memory behind it is filled with 0xff")
    assert setup.layout.msr_list == ((0x10, 0),) * 512 + ((2**64 - 1, 2**64 - 1),)
    addresses = (F.VM_ENTRY_MSR_LOAD_ADDR, F.VM_EXIT_MSR_STORE_ADDR, F.VM_EXIT_MSR_LOAD_ADDR)
    assert {dict(setup.fields)[field] for field in addresses} == {binding.MSR_AREA}
    assert after(listed, "one entry: FS_BASE").layout.msr_list == ((0xC000_0100, 0),)
    assert dict(after(listed, "one entry at 0x13370000").fields)[F.VM_ENTRY_MSR_LOAD_ADDR] == 0x1337_0000
    with pytest.raises(Unsupported, match="two entries: cannot be set up"):
        after(listed, "two entries")
