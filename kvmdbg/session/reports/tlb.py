"""The cached translations of every logical processor, grouped by VPID."""

from __future__ import annotations

from typing import Any, NamedTuple

from kvmdbg.errors import UserError
from kvmdbg.machine.hw.events import Evicted, Invalidated
from kvmdbg.machine.hw.tlbkey import COMBINED, GLOBAL, GUEST_PHYSICAL, KINDS, LINEAR, NONE, STRUCTURES, TlbEntry, TlbKey
from kvmdbg.machine.kvm.state import Kvm
from kvmdbg.oracle.verdict import FORBIDDEN, FRESH, STALE, STATUSES
from kvmdbg.session.changes import Changes
from kvmdbg.session.grid import FILLED, GONE, Grid, Row, columns
from kvmdbg.session.judged import verdict_on
from kvmdbg.session.report_view import View, hexadecimal, since_last_stop, vpid_owner
from kvmdbg.session.reports import report
from kvmdbg.session.tape_index import TapeIndex, index_of, tlb_tables
from kvmdbg.tape import ABSENT, Tape

COLUMNS = columns("row>/3", "tag", "status", "vpid>", "pcid>/3", "ep4ta>/2", "gva>", "gpa>/1", "hpa>", "size/4", "rights/4", "kind",
                  "since/1")
SIZES = {0x1000: "4K", 0x20_0000: "2M", 0x40_0000: "4M", 1 << 30: "1G", 1 << 39: "512G", 1 << 48: "256T"}
SHORT = {LINEAR: "lin", GUEST_PHYSICAL: "gphys", COMBINED: "comb"}
GLYPHS = {FRESH: ".", STALE: "~", FORBIDDEN: "X"}          # beside the word, and none of grid.MARKS
PAGES, TABLES = "pages", "tables"          # translations, and entries of the paging-structure caches
LEVELS = {name.lower(): level for level, name in STRUCTURES.items() if level > 1}
FILTERS = "a VPID, cpuN, or one of " + ", ".join((*KINDS, *STATUSES, PAGES, TABLES, *LEVELS))


class Line(NamedTuple):
    """One row to be: an entry with its fate."""

    cpu: int
    key: TlbKey
    entry: TlbEntry
    mark: str
    since: str
    status: str          # FRESH, STALE or FORBIDDEN; "" where the oracle does not judge


@report("tlb", title="TLB")
def tlb(s: View, argument: str = "") -> Grid:
    """Every cached translation by its tags: + filled since the last stop, - gone since or about to go.

    `info tlb 3` shows one VPID, `info tlb cpu1` one processor, `info tlb guest-physical` one kind of mapping, `info tlb stale` one
    status.  status: . fresh (what the tables say), ~ stale (allowed: the level that changed the tables owes the invalidation),
    X forbidden (that level has done what the manual asks, and somebody below it lost it); of one that is gone: when it went.
    Entries of the paging-structure caches (`machine paging_structure_caches=1`) have the name of their level behind the kind, the
    size of what they are used for, and as hpa the table that they name: `info tlb tables` shows them alone, `info tlb pages` the
    translations, `info tlb pde` one level.
    row: its number in the whole table, for `why tlb 3`.  tag: whose the VPID is, or for guest-physical mappings the EPT.  pcid "G":
    global.  rights: r w x u, D when the leaf's dirty flag was set.  since: position of the fill or of the removal.  Numbers but
    rows, VPIDs and PCIDs are hexadecimal.
    """
    wanted = chosen(argument)
    changed, index, leaving = since_last_stop(s), index_of(s.tape), about_to_go(s.tape)
    lines = [line for cpu, table in tlb_tables(s.tape).items()
             for line in lines_of(s.kvm, cpu, table, changed, index, leaving.get(cpu, frozenset()), s.tape.cursor)]
    numbered = [(number, line) for number, line in enumerate(sorted(lines, key=place), 1) if wanted(line)]
    lines = [line for _, line in numbered]
    owner = vpid_owner(s.kvm)
    rows = tuple(Row((str(number), *cells(s.kvm, line, owner(line.key.vpid))), line.mark, (line.cpu, line.key), style(line))
                 for number, line in numbered)
    filled, gone = (sum(line.mark == mark for line in lines) for mark in (FILLED, GONE))
    upper = sum(bool(line.key.table_level) and not is_removed(line) for line in lines)
    held = f"{len(lines) - removed(lines) - upper} entries" + (f" and {upper} of upper levels" if upper else "")
    title = f"TLB  {held}  +{filled} -{gone}{verdicts(lines)}"
    return Grid(title, COLUMNS, rows, "" if rows else "No cached translations.")


def place(line: Line) -> tuple[object, ...]:
    """Where a line stands: by processor, linear and combined mappings by VPID first, then guest-physical ones.

    Upper levels stand behind the translations with the same tags, the highest first.
    """
    key = line.key
    return (line.cpu, key.kind == GUEST_PHYSICAL, key.vpid, key.ep4ta, key.pcid, key.table_level > 0, -key.table_level, key.page,
            key.kind)


def removed(lines: list[Line]) -> int:
    """How many of the lines show entries that are not there any more."""
    return sum(is_removed(line) for line in lines)


def is_removed(line: Line) -> bool:
    return line.since.startswith("gone")


def verdicts(lines: list[Line]) -> str:
    """ "  ~2 X1": how many of those that are there are stale, and forbidden; "" while none is."""
    there = [line.status for line in lines if not is_removed(line)]
    found = [f"{GLYPHS[status]}{there.count(status)}" for status in (STALE, FORBIDDEN) if status in there]
    return "  " + " ".join(found) if found else ""


def chosen(argument: str) -> Any:
    """The filter that a person typed, as a function of a Line.  raises: UserError."""
    text = argument.strip().lower()
    if not text:
        return lambda line: True
    if text.startswith("cpu") and text[3:].isdigit():
        return lambda line: line.cpu == int(text[3:])
    if text in KINDS or text in SHORT.values():
        return lambda line: text in (line.key.kind, SHORT[line.key.kind])
    if text in STATUSES:
        return lambda line: line.status == text
    if text in (PAGES, TABLES):
        return lambda line: bool(line.key.table_level) == (text == TABLES)
    if text in LEVELS:
        return lambda line: line.key.table_level == LEVELS[text]
    try:
        vpid = int(text.removeprefix("vpid").lstrip("= "), 0)
    except ValueError:
        raise UserError(f"No such part of the TLB: \"{argument}\".", f"Say {FILTERS}.") from None
    return lambda line: line.key.vpid == vpid


def lines_of(kvm: Kvm, cpu: int, table: Any, changed: Changes, index: TapeIndex, going: frozenset[TlbKey],
             cursor: int) -> list[Line]:
    """The entries of one TLB, and those that were there at the last stop and are not now."""
    lines = []
    for key, entry in table.unordered():
        new = changed.then(table, key, entry) is ABSENT
        since = "goes" if key in going else at(index.filled(cpu, key, cursor), "")
        lines.append(Line(cpu, key, entry, GONE if key in going else FILLED if new else "", since, status(kvm, cpu, key, cursor)))
    for key in changed.keys(table):
        if key not in table:
            went = index.removed(cpu, key, cursor)
            then = "" if went is None else status(kvm, cpu, key, went)
            lines.append(Line(cpu, key, changed.then(table, key, None), GONE, at(went, "gone "), then))
    return lines


def status(kvm: Kvm, cpu: int, key: TlbKey, position: int) -> str:
    """What the oracle says as of a position; "" where it does not judge."""
    verdict = verdict_on(kvm, cpu, key, position)
    return "" if verdict is None else verdict.status


def at(position: int | None, what: str) -> str:
    """A position with a word before it; the word alone when time went back over the fill."""
    return what.strip() if position is None else f"{what}#{position}"


def about_to_go(tape: Tape) -> dict[int, frozenset[TlbKey]]:
    """By processor: the entries that the tape removes next, when the cursor stands before or inside a removal."""
    going: dict[int, set[TlbKey]] = {}
    position = tape.cursor
    event = tape.event(position) if position < tape.end else None
    if isinstance(event, (Invalidated, Evicted)):
        position += 1
    tables = {table: cpu for cpu, table in tlb_tables(tape).items()}
    while position < tape.end:
        owner, key, _, new = tape.entries[position]
        if owner not in tables or new is not ABSENT:
            break
        going.setdefault(tables[owner], set()).add(key)
        position += 1
    return {cpu: frozenset(keys) for cpu, keys in going.items()}


def cells(kvm: Kvm, line: Line, owner: str) -> tuple[str, ...]:
    key, entry = line.key, line.entry
    physical = key.kind == GUEST_PHYSICAL
    tag = (f"cpu{line.cpu} " if len(kvm.hw.cpus) > 1 else "") + (ept_name(kvm, key.ep4ta) if physical else owner)
    pcid = "G" if key.pcid == GLOBAL else "-" if key.pcid == NONE else str(key.pcid)
    gpa = key.page if physical else entry.gpa
    judged = f"{GLYPHS[line.status]} {line.status}" if line.status else "-"
    return (tag, judged, "-" if key.vpid == NONE else str(key.vpid), pcid, hexadecimal(key.ep4ta, NONE),
            "-" if physical else f"{key.page:x}", hexadecimal(gpa, NONE), f"{entry.frame:x}", SIZES.get(key.size, f"{key.size:x}"),
            rights(key, entry), kind(key), line.since)


def kind(key: TlbKey) -> str:
    """ "comb", or of a paging-structure cache "comb PDE"."""
    return f"{SHORT[key.kind]} {STRUCTURES[key.table_level]}" if key.table_level else SHORT[key.kind]


def ept_name(kvm: Kvm, ep4ta: int) -> str:
    """Whose an EPT is: "EPT01" or "EPT02", by what its root's frame holds; "EPT" when the frame was let go."""
    return str(kvm.hw.frames.get(ep4ta << 12, "EPT")).partition(" ")[0]


def rights(key: TlbKey, entry: TlbEntry) -> str:
    """ "rwxu" with "-" for a missing right, then D for a dirty leaf; of an upper level what it leaves to what lies below."""
    letters = "".join(letter if granted else "-" for letter, granted in
                      (("r", entry.read), ("w", entry.write), ("x", entry.execute), ("u", entry.user)))
    return letters + ("D" if entry.dirty and not key.table_level else "")


def style(line: Line) -> str:
    """A forbidden one is told above all, then what comes and goes."""
    if line.status == FORBIDDEN:
        return FORBIDDEN
    return {FILLED: "added", GONE: "gone"}.get(line.mark, STALE if line.status == STALE else "")
