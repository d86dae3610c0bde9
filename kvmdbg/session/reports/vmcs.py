"""vmcs01, vmcs12 and vmcs02 side by side: what L0 wants, what L1 asked for, and what the processor gets."""

from __future__ import annotations

from itertools import repeat
from typing import NamedTuple

from kvmdbg.errors import UserError
from kvmdbg.machine.hw.absent_fields import absent_fields
from kvmdbg.machine.hw.controls import CPU_BITS, ENTRY_BITS, EXIT_BITS, PIN_BITS, SEC_BITS
from kvmdbg.machine.hw.fields import FIELDS, F, Field
from kvmdbg.machine.hw.state import Caps
from kvmdbg.machine.hw.vmcb import vmcb_of
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.machine.kvm.nested_checks import nested_caps, offered_to_l1
from kvmdbg.machine.kvm.state import INVALID_PAGE, VMCS01, VMCS02, Config, Kvm, Vcpu
from kvmdbg.session.changes import Changes
from kvmdbg.session.grid import CHANGED, DIFFERS, Column, Grid, Row
from kvmdbg.session.report_view import View, current_vcpu, exit_text, regions_of, since_last_stop
from kvmdbg.session.reports import report
from kvmdbg.session.reports.vmcb import vmcb
from kvmdbg.tape import ABSENT

VMCS12 = "vmcs12"
NAMES = (VMCS01, VMCS12, VMCS02)
ONE = {"01": VMCS01, "12": VMCS12, "02": VMCS02} | {name: name for name in NAMES}
NOT_IN_THE_DUMP = "not in the dump"
ONLY_ABSENT = ("absent", "missing")
ABSENT_CELL = "absent"
USUALLY = "usually "
ONLY_DIFFERING = ("diff", "differing", "-d")
# What one looks at first; the other fields follow in the order of their encodings.
FIRST = (F.VIRTUAL_PROCESSOR_ID, F.EPT_POINTER, F.SECONDARY_VM_EXEC_CONTROL, F.CPU_BASED_VM_EXEC_CONTROL, F.GUEST_CR3, F.GUEST_RIP,
         F.HOST_CR3, F.HOST_RIP, F.VM_EXIT_REASON, F.EXIT_QUALIFICATION, F.GUEST_PHYSICAL_ADDRESS, F.GUEST_LINEAR_ADDRESS,
         F.VM_ENTRY_INTR_INFO_FIELD)
ORDER = (*FIRST, *(encoding for encoding in FIELDS if encoding not in FIRST))
BITS = {F.PIN_BASED_VM_EXEC_CONTROL: ("PIN_BASED", PIN_BITS), F.CPU_BASED_VM_EXEC_CONTROL: ("CPU_BASED", CPU_BITS),
        F.SECONDARY_VM_EXEC_CONTROL: ("SECONDARY_EXEC", SEC_BITS), F.VM_EXIT_CONTROLS: ("VM_EXIT", EXIT_BITS),
        F.VM_ENTRY_CONTROLS: ("VM_ENTRY", ENTRY_BITS)}


Lacking = dict[str, dict[int, str]]      # see lacking_fields()


class Wanted(NamedTuple):
    """What a person asked to see."""

    names: tuple[str, ...]       # which VMCSs
    differing: bool              # only rows whose values are not all equal
    pattern: str                 # part of a field's name, in capitals; "" = all fields that are not zero everywhere
    absent: bool = False         # only fields that the processor, or L1's, does not have


class Values(NamedTuple):
    """One field in the VMCSs that are shown, or one control of it."""

    now: tuple[int, ...]
    then: tuple[int, ...]        # at the last stop
    absent: tuple[str, ...] = ()  # the bits that would bring the field, "" where it is there; () = everywhere
    taken: bool = False          # absent by choice: the processor that one gets anyway has the field


@report("vmcs", title="VMCS 01|12|02", aliases=("vmcss",))
def vmcs(s: View, argument: str = "") -> Grid:
    """The fields of vmcs01, vmcs12 and vmcs02 side by side: * changed since the last stop, ! not equal in all of them.

    `info vmcs diff` leaves out what is equal, `info vmcs 12` shows one of the three, `info vmcs EPT` the fields with that in
    their name.  Fields that are zero everywhere are left out, unless asked for by name.  Bits of the control fields follow
    their field.  Values are hexadecimal; note: the values at the last stop, or what a value means.  A field that a capability has
    taken away is absent, with the bit that would bring it; `info vmcs absent` lists every one, also those that no machine here has.
    Where a VMCB came from a log, `info vmcs` alone shows that.
    """
    if vmcb_of(s.kvm.hw) is not None and not argument:
        return vmcb(s)
    vcpu = current_vcpu(s)
    wanted = chosen(argument)
    names = tuple(name for name in wanted.names if exists(s.kvm, vcpu, name))
    if not names:
        return Grid("VMCS", (Column("field"),), (), f"vcpu{vcpu.id} has no {' or '.join(wanted.names)} now.")
    changed, unknown, lacking = since_last_stop(s), assumed(s, vcpu, names), lacking_fields(s.kvm, names)
    rows = [row for encoding in ORDER if wanted.pattern in pattern_name(encoding)
            for row in rows_of(FIELDS[encoding], values(s.kvm, vcpu, names, encoding, changed, lacking), wanted,
                               NOT_IN_THE_DUMP if encoding in unknown else "")]
    columns = (Column("field"), *(Column(name, ">") for name in names), Column("note", "<", 1))
    title = f"VMCS {'|'.join(name[4:] for name in names)} of vcpu{vcpu.id}"
    return Grid(title, columns, tuple(rows), "" if rows else nothing(wanted))


def nothing(wanted: Wanted) -> str:
    """Why there is no row."""
    if wanted.absent:
        return "None is absent."
    if wanted.differing:
        return "All equal."
    return f"No field is called {wanted.pattern}." if wanted.pattern else "All zero."


def chosen(argument: str) -> Wanted:
    """Read the argument.  raises: UserError for more than one pattern."""
    names: tuple[str, ...] = ()
    differing, absent, pattern = False, False, ""
    for word in argument.replace("|", " ").split():
        if word.lower() in ONE:
            names += (ONE[word.lower()],)
        elif word.lower() in ONLY_DIFFERING:
            differing = True
        elif word.lower() in ONLY_ABSENT:
            absent = True
        elif pattern:
            raise UserError(f"Too many words: \"{argument}\".", "Say 01, 12 or 02, diff, absent, or part of a field's name.")
        else:
            pattern = word.upper()
    return Wanted(tuple(name for name in NAMES if name in names) or NAMES, differing, pattern, absent)


def exists(kvm: Kvm, vcpu: Vcpu, name: str) -> bool:
    """Is there such a VMCS now, with something in it? vmcs02 is allocated long before L2 is first entered."""
    if name == VMCS12:
        return vcpu.current_vmptr != INVALID_PAGE
    return bool(kvm.hw.vmcs.get((regions_of(kvm, vcpu).get(name, INVALID_PAGE), F.HOST_RIP), 0))


def pattern_name(encoding: int) -> str:
    """What a pattern is looked for in: the field's name and its control bits' prefix."""
    field = FIELDS[encoding]
    return f"{field.name} {BITS[encoding][0]}" if encoding in BITS else field.name


def values(kvm: Kvm, vcpu: Vcpu, names: tuple[str, ...], encoding: int, changed: Changes, lacking: Lacking) -> Values:
    pairs = [vmcs12_values(kvm, vcpu, encoding, changed) if name == VMCS12 else
             region_values(kvm, regions_of(kvm, vcpu)[name], encoding, changed) for name in names]
    bring = tuple("" if now else lacking[name].get(encoding, "") for name, (now, _) in zip(names, pairs, strict=True))
    return Values(tuple(now for now, _ in pairs), tuple(then for _, then in pairs), bring,
                  any(text and encoding not in lacking[USUALLY + name] for name, text in zip(names, bring, strict=True)))


def lacking_fields(kvm: Kvm, names: tuple[str, ...]) -> Lacking:
    """Which fields each VMCS lacks, as its processor has no use for them: that of the host, or L1's virtual one.

    USUALLY and the name: which it lacks on a machine about which nobody has said anything.
    """
    found: Lacking = {}
    for name in names:
        l1 = name == VMCS12
        found[name] = absent_fields(nested_caps(kvm) if l1 else kvm.hw.caps)
        found[USUALLY + name] = absent_fields(offered_to_l1(Caps(), Config(), kvm.era) if l1 else Caps())
    return found


def region_values(kvm: Kvm, region: int, encoding: int, changed: Changes) -> tuple[int, int]:
    """(now, at the last stop) of a field of a VMCS region."""
    now: int = kvm.hw.vmcs.get((region, encoding), 0)
    then = changed.then(kvm.hw.vmcs, (region, encoding), now)
    return now, 0 if then is ABSENT else then


def vmcs12_values(kvm: Kvm, vcpu: Vcpu, encoding: int, changed: Changes) -> tuple[int, int]:
    """(now, at the last stop) of a field of the current vmcs12, in KVM's copy or, before v4.8, in L1's page."""
    if vmcs12.member(encoding) is None:
        return 0, 0
    now = vmcs12.get(kvm, vcpu, encoding)
    if kvm.era.caches_vmcs12():
        then = changed.then(kvm.cached_vmcs12, (vcpu.id, encoding), now)
        return now, 0 if then is ABSENT else then
    field = FIELDS[encoding]
    gpa = vcpu.current_vmptr + field.vmcs12_offset
    page = kvm.pages.get(gpa >> 12)
    if page is None or not changed.has(kvm.hw.memory, page + (gpa & 0xFF8)):
        return now, now
    word = changed.then(kvm.hw.memory, page + (gpa & 0xFF8), 0)
    return now, 0 if word is ABSENT else word >> 8 * (gpa & 7) & field.mask


def assumed(s: View, vcpu: Vcpu, names: tuple[str, ...]) -> frozenset[int]:
    """Fields of vmcs01 that the dump did not have with which the machine began, and that nothing has written to since."""
    if not s.printed or VMCS01 not in names:
        return frozenset()
    region, table, tape = s.kvm.vmcs01(vcpu), s.kvm.hw.vmcs, s.kvm.tape
    written = {key[1] for owner, key, _, _ in tape.entries[:tape.cursor] if owner is table and key[0] == region}
    return frozenset(FIELDS) - s.printed - written


def rows_of(field: Field, values: Values, wanted: Wanted, said: str = "") -> list[Row]:
    """The field's row and those of its control bits; none when it is not worth showing.  said: a note."""
    if not shown(values, wanted):
        return []
    notes = (note(field.encoding, values), said, *dict.fromkeys(f"absent: {text}" for text in values.absent if text))
    rows = [row(field.name, values, field.encoding, ", ".join(filter(None, notes)))]
    prefix, bits = BITS.get(field.encoding, ("", {}))
    for bit, name in bits.items():
        part = Values(tuple(int(bool(value & bit)) for value in values.now), tuple(int(bool(value & bit)) for value in values.then))
        if differ(part.now) or part.now != part.then or (any(part.now) and not wanted.differing):
            rows.append(row(f"{prefix}.{name}", part, (field.encoding, bit)))
    return rows


def shown(values: Values, wanted: Wanted) -> bool:
    """Is the field worth a row?"""
    if wanted.absent:
        return any(values.absent)
    if wanted.differing and not differ(values.now):
        return False
    return bool(wanted.pattern) or any(values.now) or any(values.then) or values.taken


def note(encoding: int, values: Values) -> str:
    """What values mean, where digits alone do not say it."""
    return " | ".join(dict.fromkeys(exit_text(value) for value in values.now if value)) if encoding == F.VM_EXIT_REASON else ""


def row(name: str, values: Values, key: object, note: str = "") -> Row:
    changed = values.now != values.then
    if changed:
        was = "was " + "|".join(f"{old:x}" if old != new else "" for new, old in zip(values.now, values.then, strict=True))
        note = f"{note}, {was}" if note else was
    mark = CHANGED if changed else DIFFERS if differ(values.now) else ""
    cells = (ABSENT_CELL if text else f"{value:x}" for value, text in zip(values.now, values.absent or repeat(""), strict=False))
    return Row((name, *cells, note), mark, key, "changed" if changed else "")


def differ(values: tuple[int, ...]) -> bool:
    return len(set(values)) > 1
