"""The file that `save` writes: a head (format, kernel, machine), then a section for each Record and each Table of the tape.

It is generic: a new Record, Table or field is saved without a line here.  One thing stands on a line, sections and keys are sorted,
so two files can be compared with diff.  What follows a `#` is for the reader and is not read back.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from kvmdbg.machine.kvm.state import Kvm
from kvmdbg.session.saved.names import key_text, meaning, named_value, place
from kvmdbg.session.saved.writing import lines_of, value_text
from kvmdbg.tape import Record, Table

FORMAT: Final = 1


def state_text(kvm: Kvm, machine: str) -> str:
    """The state at the cursor.  machine: the words of `machine` that make such a one."""
    tape = kvm.tape
    head = ["# A state of kvmdbg: `load state FILE` brings it back.  What follows a # is for the reader.",
            f"# saved at #{tape.cursor}, digest {tape.digest()}",
            f"format = {FORMAT}", f"kernel = {value_text(kvm.era.name)}", f"machine = {value_text(machine)}"]
    sections = [line for name in sorted(tape.owners) for line in section(kvm, name, tape.owners[name])]
    return "\n".join([*head, *sections]) + "\n"


def section(kvm: Kvm, name: str, owner: Any) -> list[str]:
    """The lines of one Record or Table; none for an empty Table."""
    if isinstance(owner, Record):
        return ["", f"[{name}]", *record_lines(kvm, owner)]
    return ["", f"[{name}]", *table_lines(kvm, owner)] if len(owner) else []


def record_lines(kvm: Kvm, record: Record) -> Iterator[str]:
    for field in sorted(record.fields()):
        yield from assignment(kvm, record, field, field, getattr(record, field))


def table_lines(kvm: Kvm, table: Table[Any, Any]) -> Iterator[str]:
    before = ""
    for key, value in table.items():
        here = place(kvm, table, key)
        if here != before:
            yield f"# {here}"
        before = here
        yield from assignment(kvm, table, key, key_text(table, key, value_text), value)


def assignment(kvm: Kvm, owner: Any, key: Any, name: str, value: Any) -> Iterator[str]:
    """`name = value`, with what it means behind it."""
    words = named_value(kvm, owner, key, value)
    if words:
        yield f"{name} = {words}"
        return
    said = meaning(owner, key, value) if isinstance(value, int) else ""
    lines = list(lines_of(f"{name} = ", value))
    yield from (*lines[:-1], f"{lines[-1]}  # {said}" if said else lines[-1])
