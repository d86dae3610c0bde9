"""`vmexit`, `reason`, `exit_reason`, `qualification`, `qualification_has`, `gpa`: an exit of L2 that L1 gets."""

from __future__ import annotations

import re
from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.capabilities import msr_list_limit
from kvmdbg.machine.hw.entry import BAD_MSR
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.machine.kvm.nested_checks import nested_caps
from kvmdbg.session.cases.fact import Observed, key, kind_is, outcome, same_number
from kvmdbg.session.cases.model import Value
from kvmdbg.session.cases.seen import ENTRY_FAILURE, EXIT, RUNS, SUCCEED

_MASKED: Final = re.compile(r"bits (\d+):(\d+)\b.*masked off")
_CLAUSE: Final = re.compile(r"\s*(.+?) for ([\w ]+?)\s*$")
PAGE: Final = 0xFFF


@outcome("vmexit")
def vmexit(observed: Observed) -> str:
    """L1 runs, and its VMCS says why."""
    return kind_is(observed, EXIT)


@key("reason")
def reason(observed: Observed, wanted: Value) -> str:
    """Basic exit reason."""
    return _missing(observed) or _settled(observed, same_number(observed, observed.seen.reason, wanted))


@key("exit_reason")
def exit_reason(observed: Observed, wanted: Value) -> str:
    """All 32 bits of it."""
    return _missing(observed) or _settled(observed, same_number(observed, observed.seen.exit_reason, wanted))


def _settled(observed: Observed, wrong: str) -> str:
    """raises: Unsupported where the sources do not settle the number: an MSR-load list above its limit."""
    count = vmcs12.get(observed.kvm, observed.vcpu, F.VM_ENTRY_MSR_LOAD_COUNT)
    if wrong and observed.seen.exit_reason == BAD_MSR and count > msr_list_limit(nested_caps(observed.kvm)):
        raise Unsupported(f"exit reason of an MSR-load list above its limit: {BAD_MSR:#x} by KVM, another by the suite's helper; "
                          "only the qualification is sure")
    return wrong


@key("qualification")
def qualification(observed: Observed, wanted: Value) -> str:
    """Exit qualification, without the bits that the source masks off (`qualification_mask` in `given`)."""
    ignored = _ignored(str(observed.given.get("qualification_mask", "")))
    return _missing(observed) or same_number(observed, observed.seen.qualification & ~ignored, wanted)


@key("qualification_has")
def qualification_has(observed: Observed, wanted: Value) -> str:
    """These bits of it are set; a number is a mask."""
    mask = wanted if isinstance(wanted, int) else observed.binding.number(str(wanted))
    seen = observed.seen.qualification
    return _missing(observed) or ("" if seen & mask == mask else f"{seen:#x}")


@key("gpa")
def gpa(observed: Observed, wanted: Value) -> str:
    """Guest-physical address of an EPT violation or misconfiguration; of a page named in words, the page alone.

    One entry of a matrix gives it for every row: a row that runs without an exit has none.
    """
    if observed.seen.kind in (RUNS, SUCCEED):
        return ""
    text = _clause(str(wanted), observed.last.word)
    seen = vmcs12.get(observed.kvm, observed.vcpu, F.GUEST_PHYSICAL_ADDRESS)
    if text.startswith(("page ", "data page")):
        seen &= ~PAGE
    return _missing(observed) or same_number(observed, seen, text)


def _missing(observed: Observed) -> str:
    """"" when there is an exit to look at."""
    return kind_is(observed, EXIT, ENTRY_FAILURE)


def _ignored(text: str) -> int:
    """`bits 11:9 masked off` -> 0xe00.  raises: Unsupported for other words."""
    if not text:
        return 0
    match = _MASKED.match(text)
    if match is None:
        raise Unsupported(f"qualification_mask: {text}")
    high, low = int(match[1]), int(match[2])
    return (1 << (high + 1)) - (1 << low)


def _clause(text: str, word: str) -> str:
    """`G for load and store, G+8 for fetch` -> what it says for `word`; text without such clauses as it is."""
    clauses = [_CLAUSE.match(part) for part in text.split(",")]
    if not all(clauses):
        return text
    for clause in clauses:
        if clause and word.removesuffix("_user") in re.split(r"\W+|\band\b", clause[2]):
            return clause[1]
    raise Unsupported(f"gpa: {text!r} says nothing for {word}")
