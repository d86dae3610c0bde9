"""Two processors run the same program, one with paging-structure caches: software that invalidates as the manual asks cannot tell.

And where it does not, nothing outlives an operation that the table of invalidations says must remove it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from kvmdbg.machine.hw import access, ept, invalidate
from kvmdbg.machine.hw.controls import CR4_PCIDE, CR4_PGE
from kvmdbg.machine.hw.events import Hit
from kvmdbg.machine.hw.faults import GuestFault, VmExit
from kvmdbg.machine.hw.memory import read64, write64
from kvmdbg.machine.hw.paging import ADDRESS, RW, US, XD, A, P, index
from kvmdbg.machine.hw.state import Caps, Cpu, Hardware
from kvmdbg.oracle.invalidation import Operation, must_be_gone
from kvmdbg.oracle.verdict import describe
from support import EPT_WB_4LEVEL, enter_non_root, events, map_ept, new_hardware

CR3, BASE = 0x10_0000, 0x10_0000_0000    # guest-physical address g lies at BASE + g
EPTP = 0x7000 | EPT_WB_4LEVEL
VPID, PCIDS = 5, (0, 1)
# two pages under one PDE, one under another PDPTE, one under another PML4E
PAGES = (0x40_1000, 0x40_5000, 0x4040_1000, 0x80_4040_1000)
TARGETS = (0x20_0000, 0x20_1000, 0x4020_0000)
TABLE_POOL = range(0x30_0000, 0x30_A000, 0x1000)
GPAS = (CR3, *TABLE_POOL, *TARGETS)
WB = 6 << 3

Step = tuple[Any, ...]
QUICK = settings(max_examples=120, derandomize=True, deadline=None, database=None)


def processor(upper: bool, eptp: int) -> tuple[Hardware, Cpu]:
    """A guest with all of PAGES mapped, its tables at CR3 and in TABLE_POOL; without EPT they lie where they say."""
    hw = new_hardware(Caps(paging_structure_caches=upper))
    base, pool = BASE if eptp else 0, iter(TABLE_POOL)
    for page, target in zip(PAGES, (*TARGETS, TARGETS[0]), strict=True):
        table = CR3
        for level in (4, 3, 2):
            cell = base + table + index(page, level) * 8
            if not read64(hw, cell):
                write64(hw, cell, next(pool) | P | RW | US)
            table = read64(hw, cell) & ADDRESS
        write64(hw, base + table + index(page, 1) * 8, target | P | RW | US)
    if eptp:
        for gpa in GPAS:
            map_ept(hw, EPTP, gpa, BASE + gpa | ept.RIGHTS | WB)
    cpu = hw.cpus[0]
    enter_non_root(cpu, VPID, eptp)
    cpu.cr4 |= CR4_PCIDE
    cpu.cr3 = CR3
    return hw, cpu


def place(hw: Hardware, cpu: Cpu, structure: str, page: int, level: int) -> int | None:
    """Physical address of an entry as the tables in memory are now; None where a table is missing."""
    guest = structure == "guest"
    base = BASE if guest and cpu.eptp else 0
    table = base + (CR3 if guest else EPTP & ADDRESS)
    for at in range(4, level, -1):
        entry = read64(hw, table + index(page, at) * 8)
        if not entry & (P if guest else ept.RIGHTS) or guest and not CR3 <= entry & ADDRESS < 0x40_0000:
            return None
        table = base + (entry & ADDRESS)
    return table + index(page, level) * 8


def edit(hw: Hardware, cpu: Cpu, structure: str, page: int, other: int, level: int, taken: int) -> None:
    """The entry for one page becomes what it is for another, without some rights; 7 takes all there are."""
    to, source = place(hw, cpu, structure, page, level), place(hw, cpu, structure, other, level)
    if to is not None and source is not None:
        value = read64(hw, source)
        flags = {1: RW, 2: US, 3: A, 7: P}.get(taken, 0) if structure == "guest" else {1: 2, 2: 4, 3: 6, 7: 7}.get(taken, 0)
        write64(hw, to, value & ~flags | (XD if taken == 4 and structure == "guest" else 0))


def use(hw: Hardware, cpu: Cpu, page: int, how: str, pcid: int) -> tuple[Any, ...]:
    """How an access ends."""
    cpu.cr3 = CR3 | pcid
    try:
        return "at", access.translate(hw, cpu, page + 0x18, how)
    except GuestFault as fault:
        return fault.vector, fault.error_code, fault.address
    except VmExit as leaves:
        return leaves.reason, leaves.qualification, leaves.gpa


# -- invalidations ------------------------------------------------------------------------------------------------------


def everything(hw: Hardware, cpu: Cpu, how: int) -> None:
    """What a guest may do after it has edited its tables, or its VMM for it; each is enough."""
    match how:
        case 0:
            invalidate.invpcid(hw, cpu, 2, 0, 0)
        case 1:
            for pcid in PCIDS:
                invalidate.mov_cr3(hw, cpu, CR3 | pcid)
        case 2:
            for page in PAGES:
                for pcid in PCIDS:
                    invalidate.invpcid(hw, cpu, 0, pcid, page)
        case 3:
            for page in PAGES:
                invalidate.invvpid(hw, cpu, 0, VPID, page)
        case 4:
            invalidate.invvpid(hw, cpu, 2, 0, 0)
        case 5:
            invalidate.mov_cr4(hw, cpu, cpu.cr4, cpu.cr4 ^ CR4_PGE)
        case 6:
            for page in PAGES:
                for pcid in PCIDS:
                    cpu.cr3 = CR3 | pcid
                    invalidate.invlpg(hw, cpu, page)


OPERATIONS: dict[str, tuple[Callable[[Hardware, Cpu], object], Operation]] = {
    "invlpg": (lambda hw, cpu: invalidate.invlpg(hw, cpu, PAGES[0]),
               Operation("INVLPG", ("operand canonical",), VPID, la=PAGES[0])),
    "invpcid 0": (lambda hw, cpu: invalidate.invpcid(hw, cpu, 0, 1, PAGES[2]),
                  Operation("INVPCID", ("type 0",), VPID, named_pcid=1, la=PAGES[2])),
    "invpcid 1": (lambda hw, cpu: invalidate.invpcid(hw, cpu, 1, 0, 0), Operation("INVPCID", ("type 1",), VPID, named_pcid=0)),
    "invvpid 0": (lambda hw, cpu: invalidate.invvpid(hw, cpu, 0, VPID, PAGES[3]),
                  Operation("INVVPID", ("type 0",), named_vpid=VPID, la=PAGES[3])),
    "invvpid 3": (lambda hw, cpu: invalidate.invvpid(hw, cpu, 3, VPID, 0), Operation("INVVPID", ("type 3",), named_vpid=VPID)),
    "invept 1": (lambda hw, cpu: invalidate.invept(hw, cpu, 1, EPTP), Operation("INVEPT", ("type 1",), named_ep4ta=EPTP >> 12)),
    "#pf": (lambda hw, cpu: invalidate.page_fault(hw, cpu, PAGES[1]),
            Operation("PAGE_FAULT", ("#PF exception on LA;",), VPID, la=PAGES[1])),
    "ept violation": (lambda hw, cpu: invalidate.ept_violation(hw, cpu, TARGETS[0], PAGES[0]),
                      Operation("EPT_VIOLATION", ("mapping that would translate", "faulting GPA was the translation"), VPID,
                                ep4ta=EPTP >> 12, la=PAGES[0], gpa=TARGETS[0])),
}

accesses = st.tuples(st.just("use"), st.sampled_from(PAGES), st.sampled_from(("read", "write", "fetch")), st.sampled_from(PCIDS))
levels, taken = st.sampled_from((1, 2, 2, 3, 4)), st.sampled_from((0, 0, 0, 1, 2, 3, 4, 7))
guest_edits = st.tuples(st.just("guest"), st.sampled_from(PAGES), st.sampled_from(PAGES), levels, taken)
ept_edits = st.tuples(st.just("ept"), st.sampled_from(GPAS), st.sampled_from(GPAS), levels, taken)
edits = st.one_of(guest_edits, ept_edits)


def programs(*steps: st.SearchStrategy[Step]) -> st.SearchStrategy[list[Step]]:
    return st.lists(st.one_of(accesses, *steps), min_size=4, max_size=24)


# -- properties ---------------------------------------------------------------------------------------------------------


rounds = st.lists(st.tuples(edits, st.integers(0, 6), st.sampled_from(("read", "write", "fetch"))), min_size=1, max_size=12)


@QUICK
@given(eptp=st.sampled_from((0, EPTP, EPTP | ept.EPTP_AD)), program=rounds)
def test_software_that_invalidates_what_it_edits_cannot_tell(eptp: int, program: list[tuple[Step, int, str]]) -> None:
    twins = [processor(upper, eptp) for upper in (False, True)]
    for (structure, *operands), which, kind in program:
        for pcid, page in [(pcid, page) for pcid in PCIDS for page in PAGES]:
            plain, caching = (use(hw, cpu, page, kind, pcid) for hw, cpu in twins)
            assert plain == caching
        for hw, cpu in twins:
            if structure == "guest":
                edit(hw, cpu, structure, *operands)
                everything(hw, cpu, which)
            elif eptp:
                edit(hw, cpu, structure, *operands)
                invalidate.invept(hw, cpu, 1 + which % 2, eptp)
    assert dict(twins[0][0].memory.items()) == dict(twins[1][0].memory.items())


@QUICK
@given(eptp=st.sampled_from((0, EPTP)), steps=programs(edits, st.tuples(st.sampled_from(sorted(OPERATIONS)))))
def test_nothing_outlives_what_must_remove_it(eptp: int, steps: list[Step]) -> None:
    hw, cpu = processor(True, eptp)
    for word, *operands in steps:
        if word == "use":
            use(hw, cpu, *operands)
        elif word in OPERATIONS:
            if word == "ept violation" and not eptp:
                continue
            run, operation = OPERATIONS[word]
            run(hw, cpu)
            now = operation._replace(pcid=cpu.cr3 & 0xFFF)
            for key, entry in hw.tlb[0].items():
                assert must_be_gone(now, key, entry) is None, f"the {describe(key)} outlives {word}"
        elif word == "guest" or eptp:
            edit(hw, cpu, word, *operands)


@QUICK
@given(eptp=st.sampled_from((0, EPTP)), steps=programs(edits))
def test_after_invalidating_everything_the_tables_are_seen(eptp: int, steps: list[Step]) -> None:
    """INVVPID and INVEPT of all contexts: what a processor without any caches would find."""
    hw, cpu = processor(True, eptp)
    for word, *operands in steps:
        if word == "use":
            use(hw, cpu, *operands)
        elif word == "guest" or eptp:
            edit(hw, cpu, word, *operands)
    invalidate.invvpid(hw, cpu, 2, 0, 0)
    invalidate.invept(hw, cpu, 2, 0)
    assert list(hw.tlb[0]) == []
    fresh, other = new_hardware(), cpu.cr3
    for address, value in hw.memory.items():
        fresh.memory[address] = value
    enter_non_root(fresh.cpus[0], VPID, eptp)
    fresh.cpus[0].cr4, fresh.cpus[0].cr3 = cpu.cr4, other
    for page in PAGES:
        assert use(hw, cpu, page, "read", 0) == use(fresh, fresh.cpus[0], page, "read", 0)


def test_the_programs_do_use_upper_levels() -> None:
    hw, cpu = processor(True, EPTP)
    for page in PAGES:
        assert use(hw, cpu, page, "write", 0)[0] == "at"
    assert {event.key.table_level for event in events(hw, Hit)} >= {0, 2, 3, 4}
