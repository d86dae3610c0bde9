"""What `expect` understands besides expressions: the verdict on a translation, and how many flushes there were.

    fresh|stale|forbidden L1|L2 GVA       the combined mapping that the level would hit for that linear address
    fresh|stale|forbidden ept12 GPA       the guest-physical mapping of that L2 guest-physical address
    flushes [SPEC] == N [since PLACE]     SPEC qualifies as in `break flush:SPEC`; any comparison of Python
    flushes excess [SPEC] == N            those of them that dropped fresh entries only, none of which had to go (`info flushes`)
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple, Protocol

from kvmdbg.errors import ExpectationFailed, UserError
from kvmdbg.machine.hw.controls import CR4_PCIDE, SEC_ENABLE_EPT, SEC_ENABLE_VPID
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.operands import number
from kvmdbg.machine.hw.paging import PAGE_2M, PAGE_4K
from kvmdbg.machine.hw.tlb import current_ep4ta, current_pcid
from kvmdbg.machine.hw.tlbkey import COMBINED, GLOBAL, GUEST_PHYSICAL, LINEAR, NONE, TlbKey
from kvmdbg.machine.kvm.state import VMCS01, VMCS02, Kvm, Vcpu, level_of
from kvmdbg.oracle.verdict import STATUSES
from kvmdbg.session import expr
from kvmdbg.session.judged import judged_of, verdict_on
from kvmdbg.session.names import Owner, matches
from kvmdbg.session.report_view import in_guest, regions_of

LEVELS: Final = {"l1": 1, "l2": 2, "ept12": 2}
COMPARISONS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "==": operator.eq, "!=": operator.ne, "<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt}
_VERDICT: Final = re.compile(rf"({'|'.join(STATUSES)})\b\s*(\S*)\s*(.*)$", re.DOTALL)
_FLUSHES: Final = re.compile(r"flushes\b\s*([^=!<>]*?)\s*(==|!=|<=|>=|<|>)\s*(.+?)(?:\s+since\s+(\S+))?$", re.DOTALL)
_EP4TA: Final = 0x000F_FFFF_FFFF_F000


class Expecting(Owner, Protocol):
    """The part of a Session that expectations reach."""

    current_vcpu: int


class LevelTags(NamedTuple):
    """The tags that a level's accesses carry at present, as the processor knows them."""

    vpid: int
    pcid: int
    ep4ta: int           # NONE without EPT

    def __str__(self) -> str:
        return f"vpid {self.vpid} pcid {self.pcid}" + ("" if self.ep4ta == NONE else f" ep4ta {self.ep4ta:x}")


def is_one(text: str) -> bool:
    """Is it written in these words, rather than an expression?  raises: UserError when it is half written."""
    match = _VERDICT.match(text)
    if match is not None and (match.group(2).lower() not in LEVELS or not match.group(3)):
        raise UserError(f"expect {text}: a level and an address are missing",
                        f"Write: expect {match.group(1)} L1|L2|ept12 ADDRESS.")
    return match is not None or _FLUSHES.match(text) is not None


def check(s: Expecting, text: str, where: str = "") -> None:
    """Check what is written in these words.  where: "on v4.3 " for the message.

    raises: ExpectationFailed when it does not hold.
    """
    if match := _VERDICT.match(text):
        wrong = wrong_verdict(s, *match.groups())
    else:
        match = _FLUSHES.match(text)
        assert match is not None
        wrong = wrong_count(s, *match.groups())
    if wrong:
        raise ExpectationFailed(f"expected {where}{text}: {wrong}")


# -- fresh, stale, forbidden ---------------------------------------------------------------------------------------


def wrong_verdict(s: Expecting, wanted: str, level: str, where: str) -> str:
    """What is the case instead; "" when the verdict is the wanted one."""
    address = number(where)
    address = int(expr.evaluate(where, s.scope())) if address is None else address
    vcpu = s.kvm.vcpus[s.current_vcpu]
    tags = tags_of(s.kvm, vcpu, LEVELS[level.lower()])
    key = would_hit(s.kvm, vcpu, tags, address, level.lower() == "ept12")
    if key is None:
        return f"nothing is cached for it under {tags}"
    verdict = verdict_on(s.kvm, max(vcpu.cpu, 0), key, s.kvm.tape.cursor)
    if verdict is None:
        return "it cannot be judged"
    return "" if verdict.status == wanted else f"it is {verdict.status}: {verdict.text}"


def tags_of(kvm: Kvm, vcpu: Vcpu, level: int) -> LevelTags:
    """The processor's tags while the level runs, else those of its VMCS, with which it ran last.

    raises: UserError while the level has no VMCS.
    """
    if in_guest(kvm, vcpu) and level_of(vcpu) == level:
        cpu = kvm.cpu(vcpu)
        return LevelTags(cpu.vpid, current_pcid(cpu), current_ep4ta(cpu))
    region = regions_of(kvm, vcpu).get(VMCS01 if level == 1 else VMCS02)
    if region is None:
        raise UserError(f"L{level} has not run yet")
    read = {field: int(kvm.hw.vmcs.get((region, field), 0))
            for field in (F.SECONDARY_VM_EXEC_CONTROL, F.VIRTUAL_PROCESSOR_ID, F.EPT_POINTER, F.GUEST_CR3, F.GUEST_CR4)}
    controls = read[F.SECONDARY_VM_EXEC_CONTROL]
    return LevelTags(read[F.VIRTUAL_PROCESSOR_ID] if controls & SEC_ENABLE_VPID else 0,
                     read[F.GUEST_CR3] & 0xFFF if read[F.GUEST_CR4] & CR4_PCIDE else 0,
                     (read[F.EPT_POINTER] & _EP4TA) >> 12 if controls & SEC_ENABLE_EPT else NONE)


def would_hit(kvm: Kvm, vcpu: Vcpu, tags: LevelTags, address: int, physical: bool) -> TlbKey | None:
    """What an access with these tags would hit on the vCPU's processor, in the processor's order of preference.

    physical: the guest-physical mapping of the guest-physical `address`; else the linear or combined one of the linear address.
    """
    table = kvm.hw.tlb[max(vcpu.cpu, 0)]
    for size in (PAGE_4K, PAGE_2M):
        page = address & -size
        if physical:
            keys = [TlbKey(GUEST_PHYSICAL, NONE, NONE, tags.ep4ta, page, size)]
        else:
            kind = LINEAR if tags.ep4ta == NONE else COMBINED
            keys = [TlbKey(kind, tags.vpid, pcid, tags.ep4ta, page, size) for pcid in (tags.pcid, GLOBAL)]
        found = next((key for key in keys if key in table), None)
        if found is not None:
            return found
    return None


# -- flushes -------------------------------------------------------------------------------------------------------


def wrong_count(s: Expecting, spec: str, comparison: str, value: str, since: str | None) -> str:
    """How many there were instead; "" when the number is right."""
    if "if" in spec.split():
        raise UserError("expect flushes takes no condition", 'Write: expect count("flush if vpid == 2") == 3.')
    wanted = expr.evaluate(value, s.scope())
    excess, which = (True, spec.split()[1:]) if spec.split()[:1] == ["excess"] else (False, spec.split())
    at = matches(s, " ".join(("flush", *which)), since or 0)
    found = sum(judged_of(s.kvm).worth(position).excess for position in at) if excess else len(at)
    return "" if COMPARISONS[comparison](found, wanted) else f"there were {found}"
