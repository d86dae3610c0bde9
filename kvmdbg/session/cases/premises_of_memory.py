"""Premises about memory: operands, page-table entries, shared tables, cached roots, lists of MSRs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw import paging
from kvmdbg.machine.hw.fields import F
from kvmdbg.session.cases import leaf_of_v, msr_names
from kvmdbg.session.cases.binding import MASK64, MSR_AREA, MSR_LIST_MAX, PAGE_SHIFT
from kvmdbg.session.cases.layout import CachedRoot
from kvmdbg.session.cases.leaf_of_v import LeafOfV
from kvmdbg.session.cases.model import Value
from kvmdbg.session.cases.phrases import Handler, nothing
from kvmdbg.session.cases.setup import Plan


def every_msr(plan: Plan, groups: Value) -> None:
    """As many entries as a list may have, each with this register and the value 0."""
    number = msr_names.number(groups[0])
    msr_list(plan, tuple((number, 0) for _ in range(MSR_LIST_MAX)))


def behind_the_list(plan: Plan, groups: Value) -> None:
    """Every byte of what would be the next entry."""
    word = int(groups[0], 0) * 0x0101_0101_0101_0101
    msr_list(plan, (*plan.layout.msr_list, (word & MASK64, word & MASK64)))


def one_msr(plan: Plan, groups: Value) -> None:
    """`one entry: FS_BASE = 0`."""
    msr_list(plan, ((msr_names.number(groups[0]), int(groups[1] or "0", 0)),))


def list_at(plan: Plan, groups: Value) -> None:
    """The memory there is as it is: L1 has written nothing to it."""
    msr_list(plan, (), int(groups[0], 0))


def msr_list(plan: Plan, entries: tuple[tuple[int, int], ...], at: int = MSR_AREA) -> None:
    """The list behind each of vmcs12's three addresses; steps choose by writing a count."""
    plan.layout = plan.layout._replace(msr_list=entries)
    plan.fields |= dict.fromkeys((F.VM_ENTRY_MSR_LOAD_ADDR, F.VM_EXIT_MSR_STORE_ADDR, F.VM_EXIT_MSR_LOAD_ADDR), at)


def operand_page_missing(plan: Plan, value: Value) -> None:
    plan.operand_mapped = False


def operand_page_read_only(plan: Plan, value: Value) -> None:
    plan.operand_flags = "r"


def leaf(lacks: str = "", bits: int = 0, present: bool = True, large: bool = False) -> Handler:
    """Of L1's mapping of V: a right that it lacks, or something else that sets it apart."""
    def leaf(plan: Plan, value: Value) -> None:
        old = plan.layout.v
        rights = "".join(letter for letter in old.rights if letter not in lacks)
        v = LeafOfV(rights, old.present and present, old.bits | bits, old.large or large)
        plan.layout = plan.layout._replace(v=v)
    return leaf


def leaf_bit(plan: Plan, groups: Value) -> None:
    """A bit of it by its number."""
    leaf(bits=1 << int(groups[0]))(plan, groups)


def alignment(plan: Plan, value: Value) -> None:
    """`the alignment` in words is that of a page."""
    if value != 1 << PAGE_SHIFT:
        raise Unsupported(f"given alignment: {value}")


def identity(plan: Plan, groups: Value) -> None:
    """`pages 0x1000 and 0x2000 identity-mapped`."""
    plan.layout = plan.layout._replace(identity=tuple(int(page, 0) for page in re.findall(r"\w*\d\w*", groups[0])))


def shared_pmd(plan: Plan, groups: Value) -> None:
    """The rights of the two upper entries."""
    plan.layout = plan.layout._replace(shared_pmd=tuple(groups))


def roots(plan: Plan, text: Value) -> None:
    """`cached shadow-EPT roots for EPTP A (A/D on), A (A/D off) and B`."""
    match = _ROOTS.fullmatch(str(text))
    found = [_ROOT.fullmatch(part) for part in re.split(r", | and ", match[1])] if match else []
    if not found or not all(found):
        raise Unsupported(f"given roots: {text}")
    cached = tuple(CachedRoot(one[1], one[2] == "on") for one in found if one)
    plan.layout = plan.layout._replace(roots=cached)
    plan.control("enable_ept", True)


_ROOTS: Final = re.compile(r"cached (?:shadow-EPT )?roots for EPTPs? (.+)")
_ROOT: Final = re.compile(r"([AB])(?: \(A/D (on|off)\))?")
OPERAND: Final[Mapping[str, Handler]] = {
    "mapped and readable": nothing, "(mapped )?read-only( page)?|not writable": operand_page_read_only,
    "(not present|unmapped|not mapped|not readable|unreadable)( page)?": operand_page_missing,
}
PTE: Final[Mapping[str, Handler]] = {
    "present": nothing, "not present|not-present|non-present": leaf(present=False),
    "accessed": leaf(bits=paging.A), "dirty": leaf(bits=paging.D), "not accessed|not dirty|clean": nothing,
    "read-only|not writable|not writeable": leaf("w"), "writable|writeable|read-write": nothing,
    "supervisor": leaf("u"), "user": nothing, "executable": nothing,
    "NX|nx|XD|no-execute|not executable|non-executable": leaf("x"), "global": leaf(bits=leaf_of_v.GLOBAL),
    r"(?:reserved )?bit (\d+)(?: set)?(?: \(reserved\))?": leaf_bit,
    "(large|huge|2M|2 MiB|2M large|2 MiB large)( page)?": leaf(large=True),
}
SETUP: Final[Mapping[str, Handler]] = {
    r"pages? (\w+(?:(?: and |/)\w+)*) (?:is |are )?identity-mapped(?: and present)?": identity,
    r"A/D bits of their PTEs serve as the probe": nothing,
    r"paths 1 and 3 go through pud1 \(([^)]*)\) and pud2 \(([^)]*)\) to the same pmd page": shared_pmd,
    r"gpa G = 1<<39": nothing, r"alone under its PML4 entry": nothing,
    r"every change of an EPT entry is followed by single-context INVEPT": nothing,
    r"the EPT leaf of the guest page-table page that holds the PTE of gva V is changed": nothing,
    r"the guest PTE A and D bits are preset": nothing, r"guest TLB flushed by L2 \(mov cr3\)": nothing,
}
MSR_LIST: Final[Mapping[str, Handler]] = {
    r"every entry is (\w+)": every_msr, r"the memory behind it is filled with (\w+)": behind_the_list,
    r"one entry at (\w+)": list_at, r"one entry: (\w+)(?: = (\w+))?": one_msr,
}
