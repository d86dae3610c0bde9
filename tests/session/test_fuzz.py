"""Hostile words: whatever is typed, there is an answer, never a Python exception, and a refused line changes nothing.

`make test` tries some; `make fuzz` tries for as long as it takes.  The words come from the catalogues, so that a new
instruction or host event is tried as soon as it is declared.
"""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kvmdbg.errors import UserError
from kvmdbg.machine.eras.commit import COMMITS
from kvmdbg.machine.eras.versions import VERSIONS
from kvmdbg.machine.hw.instructions import INSTRUCTIONS
from kvmdbg.machine.hw.operands import OperandType
from kvmdbg.machine.kvm.host_events import HOST_EVENTS
from kvmdbg.session.session import Session
from session_support import L2, L2_WITH_EPT

NUMBERS = ("0", "1", "2", "3", "7", "66", "0xfff", "0x1000", "0x1018", "0x3000", "0x4000", "0x5000", "0x10000", "0x1001e",
           "0x40000", "0x60000", "0x400000", "0x800000", "0xffffffff", "0x100000000", "0x7fffffffffff", "0x800000000000",
           "0xfee00000", "0x8000000000040000", "0xffffffffffffffff", "-1", "0x80050033", "0x220a0", "0x20b0", "0xd01")
STRANGE = ("@0x400000", "@0x800000", "@-1", "cr3", "rax", "", "x", "1e9", "0x", "'", "$", "#1", "GUEST_CR3", "\u00e9")
LEVELS = ("L1", "L2", "ept12", "L3")
FLAGS = ("rwxu", "r", "w", "clear", "0", "-1", "0x83", "zz")
BEGINNINGS = ((), L2, L2_WITH_EPT)
MACHINES = ("", "enable_vpid=0", "enable_ept=0", "enable_ept=0 enable_vpid=0", "tlb_capacity=4", "unrestricted_guest=0",
            "paging_structure_caches=1", "enable_shadow_vmcs=1", "virtual_interrupts=1 posted_interrupts=1", "shadow_vmcs=0",
            "l1.pml=0", "force_emulation_prefix=1", "invvpid_types=2", "pcid=0 invpcid=0", "maxphyaddr=36")
KERNELS = (*(version.name for version in VERSIONS), *COMMITS.names(), *(f"{name}^" for name in COMMITS.names()))


def words_for(kind: OperandType) -> st.SearchStrategy[str]:
    """What may be typed for an operand: what it offers, numbers of every size, and what makes no sense."""
    sensible = st.sampled_from(kind.values) if kind.values else st.sampled_from(NUMBERS)
    return st.one_of(sensible, st.sampled_from(NUMBERS), st.sampled_from(STRANGE))


def lines_of(front: str, kinds: tuple[OperandType, ...]) -> st.SearchStrategy[str]:
    """`front` with a word for each operand, and now and then one too few."""
    operands = st.tuples(*(words_for(kind) for kind in kinds))
    short = st.sampled_from((0, 0, 0, 0, 1))
    return st.builds(lambda words, less: f"{front} {', '.join(words[:len(words) - less])}", operands, short)


INJECTED = st.sampled_from(tuple(INSTRUCTIONS)).flatmap(lambda one: lines_of(f"inject {one.name}", one.operands))
HAPPENING = st.sampled_from(tuple(HOST_EVENTS)).flatmap(lambda one: lines_of(f"host {one.name} vcpu0", one.operands))
EDITING = st.one_of(
    st.builds("map {} {} {} {}".format, st.sampled_from(LEVELS), *[st.sampled_from(NUMBERS)] * 2, st.sampled_from(FLAGS)),
    st.builds("pte {} {} {}".format, st.sampled_from(LEVELS), st.sampled_from(NUMBERS), st.sampled_from((*FLAGS, *NUMBERS))),
    st.builds("poke {} {}".format, *[st.sampled_from(NUMBERS)] * 2),
    st.builds("gate {} {} {}".format, st.sampled_from(LEVELS), st.sampled_from(("DB", "13", "0xf1", "256")),
              st.sampled_from(NUMBERS)),
    st.builds("vmcs12 {} {}={}".format, st.sampled_from(NUMBERS), st.sampled_from(("GUEST_CR3", "EPT_POINTER", "HOST_RIP", "X")),
              st.sampled_from(NUMBERS)))
LOOKING = st.sampled_from((
    "info tlb", "info vmcs", "info roots", "info requests", "info flushes", "info stats", "why tlb 1", "check-entry", "continue",
    "stepi 7", "reverse-stepi 3", "finish", "reverse-finish", "undo", "redo", "goto end"))
LINES = st.one_of(INJECTED, INJECTED, HAPPENING, EDITING, LOOKING)


def put(s: Session, line: str) -> None:
    """Say a line; a refusal must leave the machine as it was."""
    before = s.tape.cursor, s.tape.digest()
    try:
        s.execute(line)
    except UserError as refusal:
        assert refusal.message, line
        assert (s.tape.cursor, s.tape.digest()) == before, f"{line!r} was refused and changed something: {refusal}"


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(kernel=st.sampled_from(KERNELS), machine=st.sampled_from(MACHINES), beginning=st.sampled_from(BEGINNINGS),
       lines=st.lists(LINES, max_size=12))
def test_whatever_is_typed_there_is_an_answer(kernel: str, machine: str, beginning: tuple[str, ...], lines: list[str]) -> None:
    s = Session(kernel, listening=False)
    put(s, f"machine {machine}")
    for line in (*beginning, *lines):
        put(s, line)
    put(s, "goto end")
    while s.timeline.edits:
        s.execute("undo")
