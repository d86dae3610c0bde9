"""What `why` can be asked about: rows of the TLB, requests, fields; and the chains of causes as tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Final, NamedTuple

from kvmdbg.errors import Unsupported, UserError
from kvmdbg.machine.hw.fields import by_name
from kvmdbg.machine.hw.operands import number
from kvmdbg.machine.hw.tlbkey import COMBINED, GUEST_PHYSICAL, LINEAR, TlbKey
from kvmdbg.machine.kvm.request import REQUESTS
from kvmdbg.machine.kvm.state import INVALID_PAGE, VMCS01, Vcpu
from kvmdbg.oracle.index import Index, index_of
from kvmdbg.oracle.verdict import FORBIDDEN, FRESH, describe, judge
from kvmdbg.oracle.why import PLUMBING, Link, before, function_at, why_entry, why_field, why_request
from kvmdbg.oracle.why_not import why_not_flush
from kvmdbg.session import expr
from kvmdbg.session.describe import cell_name, cell_value
from kvmdbg.session.functions import short
from kvmdbg.session.grid import DIFFERS, Grid, Row, columns
from kvmdbg.session.reports import REPORTS
from kvmdbg.session.session import Session
from kvmdbg.session.views import WHOLE, TlbRows

COLUMNS: Final = columns("#>", "what", "function", "source")
LEVELS: Final = ("L1", "L2")
SHOWN: Final = 8                 # chains that one question may show
_ROW: Final = re.compile(r"(?:tlb\s+)?(\d+)$")
_PAGE: Final = re.compile(r"(L1|L2|ept12)\s+(\S+)$", re.IGNORECASE)
_FIELD: Final = re.compile(r"(?:(vmcs01|vmcs02)\.)?(\w+)$", re.IGNORECASE)
_TAGS: Final = re.compile(r"(vpid|ep4ta)\s*=?\s*(\w+)$", re.IGNORECASE)


class Place(NamedTuple):
    """A translation: where it is cached, and as of when (an entry that has gone: just before it went)."""

    cpu: int
    key: TlbKey
    position: int


# -- naming translations -------------------------------------------------------------------------------------------


def translations(s: Session, text: str) -> list[Place] | None:
    """The translations that a text names: `tlb 3` (row of `info tlb`), `L2 0x800000`, `ept12 GPA`, `tlb[FILTER]`.

    None when it speaks of something else.  raises: UserError when it names none.
    """
    row, page = _ROW.match(text), _PAGE.match(text)
    if row:
        return [row_of_tlb(s, int(row.group(1)))]
    if page:
        return pages(s, page.group(1), address(s, page.group(2)))
    if not text.startswith("tlb["):
        return None
    found = expr.evaluate(text, s.scope())
    if not isinstance(found, TlbRows):
        raise UserError(f"{text} is no choice of translations", "Write tlb[vpid == 2].")
    if not found.rows:
        raise UserError(f"{text} chooses nothing", "`info tlb` lists what is cached.")
    return [Place(one.cpu, one.key, s.tape.cursor) for one in found.rows]


def address(s: Session, text: str) -> int:
    value = number(text)
    found = expr.evaluate(text, s.scope()) if value is None else value
    if not isinstance(found, int):
        raise UserError(f"{text!r} is no address")
    return int(found)


def row_of_tlb(s: Session, wanted: int) -> Place:
    """A row of `info tlb`, from 1 on."""
    grid = REPORTS["tlb"](s)
    assert isinstance(grid, Grid)
    if not 1 <= wanted <= len(grid.rows):
        raise UserError(f"info tlb has no row {wanted}", f"It has {len(grid.rows)}, counted from 1.")
    cpu, key = grid.rows[wanted - 1].key
    return Place(cpu, key, as_of(s, cpu, key))


def as_of(s: Session, cpu: int, key: TlbKey) -> int:
    """The cursor, or for a translation that has gone the position of its removal."""
    cursor = s.tape.cursor
    return cursor if key in s.kvm.hw.tlb[cpu] else max(index_of(s.kvm).filled_at(cpu, key, cursor), 0)


def pages(s: Session, level: str, wanted: int) -> list[Place]:
    """What is cached for an address of a level: translations, or where there are none the upper levels on its path.

    raises: UserError when nothing is.
    """
    index = index_of(s.kvm)
    level = level if level.lower() == "ept12" else level.upper()
    kinds = (GUEST_PHYSICAL,) if level == "ept12" else (COMBINED, LINEAR)
    found = [Place(cpu, key, s.tape.cursor) for cpu, table in enumerate(s.kvm.hw.tlb) for key, _ in table.items()
             if key.kind in kinds and key.page == wanted & -key.size and filled_for(index, cpu, key, s.tape.cursor, level)]
    if not found:
        raise UserError(f"nothing is cached for {wanted:#x} of {level}", "`info tlb` lists what is cached.")
    return [one for one in found if not one.key.table_level] or found


def filled_for(index: Index, cpu: int, key: TlbKey, position: int, level: str) -> bool:
    """Was a translation filled while that level ran? ept12: while an L2 over an EPT12 did."""
    filled = index.filled_at(cpu, key, position)
    context = index.contexts.at(cpu, filled) if filled >= 0 else None
    return context is not None and context.name == ("L2" if level == "ept12" else level)


# -- why -----------------------------------------------------------------------------------------------------------


def why(s: Session, text: str) -> list[Grid]:
    """The chains of causes of what a text names.  raises: UserError when it names nothing that has one."""
    found = translations(s, text)
    if found is not None:
        return [chain(f"Why the {describe(one.key)} is cached", why_entry(s.kvm, one.key, one.cpu, one.position))
                for one in few(found)]
    name = text.upper().removeprefix("KVM_REQ_")
    if name in REQUESTS or name in s.kvm.era.request_bits():
        return [chain(f"Why KVM_REQ_{name} was made", why_request(s.kvm, name, s.current_vcpu))]
    return [field(s, text) or value(s, text)]


def few(found: list[Place]) -> list[Place]:
    """raises: UserError when there are too many to show."""
    if len(found) > SHOWN:
        raise UserError(f"{len(found)} translations are too many to explain", "Choose: why tlb[vpid == 2 and page == 0x800000].")
    return found


def field(s: Session, text: str) -> Grid | None:
    """Why a VMCS field has its value: `vmcs02.EPT_POINTER`, or `EPT_POINTER` of the VMCS that is loaded; None for no field."""
    match = _FIELD.match(text)
    found = by_name(match.group(2)) if match else None
    if match is None or found is None:
        return None
    vcpu = s.kvm.vcpus[s.current_vcpu]
    name = (match.group(1) or vcpu.loaded_vmcs).lower()
    region = s.kvm.vmcs01(vcpu) if name == VMCS01 else vcpu.vmcs02
    if region == INVALID_PAGE:
        raise UserError(f"vcpu{vcpu.id} has no {name} yet")
    return chain(f"Why {name}.{found.name} has its value", why_field(s.kvm, region, found.encoding))


def value(s: Session, text: str) -> Grid:
    """Why an expression has its value: the last write to anything that it reads, and what led there."""
    scope = s.scope()
    expr.evaluate(text, scope)
    cells, entries, tape = scope.reads.cells, s.tape.entries, s.tape
    read = (at for at in range(tape.cursor - 1, -1, -1)
            if entries[at][1] is not None and (keys := cells.get(entries[at][0])) is not None
            and (entries[at][1] in keys or WHOLE in keys))
    at = next(read, None)
    if at is None:
        raise UserError(f"nothing on the tape has changed {text}", "It has the value of its creation.")
    owner, key, old, new = entries[at]
    kvm = s.kvm
    said = f"{cell_name(kvm, owner, key)} became {cell_value(kvm, owner, key, new)}, was {cell_value(kvm, owner, key, old)}"
    first = Link(at, said, function_at(kvm, at, ""), model_line(s, at))
    return chain(f"Why {text} has its value", (first, *before(kvm, index_of(kvm), at)))


def model_line(s: Session, position: int) -> str:
    """Where in the model's source a write was made, for cells that no table of sources speaks of; "" where nobody listened."""
    frame = next((one for one in s.tape.stack(position) if one.function not in PLUMBING), None)
    return f"{short(frame.file)}:{frame.line}" if frame is not None else ""


def chain(title: str, links: Iterable[Link], note: str = "", first: bool = False) -> Grid:
    """Links as a table.  first: the first one is what went wrong."""
    rows = tuple(Row((f"#{link.position}", link.text, f"{link.function}()" if link.function else "", link.source),
                     DIFFERS if first and not at else "", (at, link.position)) for at, link in enumerate(links))
    return Grid(title, COLUMNS, rows, note)


# -- why not -------------------------------------------------------------------------------------------------------


def why_not(s: Session, text: str) -> list[Grid]:
    """The decisions that left a flush out, for each translation that a text names, or that is not fresh."""
    found = chosen(s, text)
    judged = [(one, status_of(s, one)) for one in found]
    wrong = [(one, status) for one, status in judged if status not in ("", FRESH)]
    asked = wrong if wrong or not text else [(one, status) for one, status in judged if status]
    if not asked:
        return [chain("Why not flush", (), "Every cached translation is fresh." if not text else "The oracle judges none of them.")]
    return [refusals(s, one, status) for one, status in asked] if len(asked) <= SHOWN else [together(s, asked)]


def refusals(s: Session, one: Place, status: str) -> Grid:
    links = why_not_flush(s.kvm, one.key, one.cpu, one.position)
    verdict = judge(s.kvm, index_of(s.kvm), one.cpu, one.key, one.position)
    since = verdict.made_stale_by[0] if verdict.made_stale_by else max(verdict.filled_at, 0)
    note = "" if links else f"No decision since #{since} could have flushed it."
    return chain(f"Why not flush the {describe(one.key)}: it is {status}, {verdict.text}", links, note, status == FORBIDDEN)


def together(s: Session, asked: list[tuple[Place, str]]) -> Grid:
    """The refusals for many translations in one table, each once; flushes that were owed carry the mark."""
    found: dict[Link, bool] = {}
    for one, status in asked:
        for at, link in enumerate(why_not_flush(s.kvm, one.key, one.cpu, one.position)):
            found[link] = found.get(link, False) or (status == FORBIDDEN and not at)
    links = sorted(found, key=lambda link: link.position)
    grid = chain(f"Why not flush {len(asked)} translations", links, "" if links else "No decision could have flushed them.")
    return replace(grid, rows=tuple(replace(row, mark=DIFFERS if found[link] else "")
                                    for row, link in zip(grid.rows, links, strict=True)))


def chosen(s: Session, text: str) -> list[Place]:
    """All that is cached, or what a text names: as translations(), or a context: `L1`, `vpid02`, `vpid 2`, `ep4ta 10001c`."""
    everything = [Place(cpu, key, s.tape.cursor) for cpu, table in enumerate(s.kvm.hw.tlb) for key, _ in table.items()]
    if not text:
        return everything
    fits = context(s, text)
    if fits is None:
        found = translations(s, text)
        if found is None:
            raise UserError(f"{text!r} is no translation and no context",
                            "Write a row of `info tlb`, L2 0x800000, tlb[...], L1, L2, vpid01, vpid02, vpid N or ep4ta N.")
        return found
    wanted = [one for one in everything if fits(one)]
    if not wanted:
        raise UserError(f"nothing is cached for {text}", "`info tlb` lists what is cached.")
    return wanted


def context(s: Session, text: str) -> Callable[[Place], bool] | None:
    """Does a translation belong to the context that a text names? None for no context."""
    vcpu: Vcpu = s.kvm.vcpus[s.current_vcpu]
    tags, index = _TAGS.match(text), index_of(s.kvm)
    if text.upper() in LEVELS:
        return lambda one: filled_for(index, one.cpu, one.key, one.position, text.upper())
    if text.lower() in ("vpid01", "vpid02"):
        wanted = vcpu.vpid if text.lower() == "vpid01" else vcpu.vpid02
        return lambda one: one.key.vpid == wanted
    if tags is None:
        return None
    kind, word = tags.group(1).lower(), tags.group(2)
    try:
        named = int(word, 16) if kind == "ep4ta" else int(word, 0)
    except ValueError:
        raise UserError(f"{word!r} is no number", "Write vpid 2, or ep4ta 10001c in hexadecimal as `info tlb` does.") from None
    return lambda one: getattr(one.key, kind) == named


def status_of(s: Session, one: Place) -> str:
    """Its verdict; "" for one that the oracle does not judge."""
    try:
        return judge(s.kvm, index_of(s.kvm), one.cpu, one.key, one.position).status
    except (UserError, Unsupported):
        return ""


def names(s: Session) -> Iterator[str]:
    """What may follow `why`, for completion."""
    yield from ("not flush", "tlb ", "tlb[", *LEVELS, "ept12")
    yield from sorted(s.kvm.era.request_bits())
    yield from ("vmcs01.", "vmcs02.", "vmcs12.", "vcpu.", "root_mmu.", "guest_mmu.")


def parts(text: str) -> tuple[bool, str]:
    """(is it `why not flush`?, the rest).  raises: UserError for `not` and something else."""
    words = text.split()
    if not words or words[0] != "not":
        return False, " ".join(words)
    if words[1:2] != ["flush"]:
        raise UserError("only a flush can be asked for: why not flush [CONTEXT|TLB-ROW]")
    return True, " ".join(words[2:])
