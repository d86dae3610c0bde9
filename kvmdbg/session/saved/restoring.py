"""A saved state onto a machine that was just booted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple, get_type_hints

from kvmdbg.machine.kvm.state import Kvm
from kvmdbg.session.parse import did_you_mean
from kvmdbg.session.saved.fitting import fits, kind_text, shape
from kvmdbg.session.saved.history import SECTION, HistoryReader
from kvmdbg.session.saved.names import number_names
from kvmdbg.session.saved.reading import END, Reader, Token
from kvmdbg.session.saved.state_file import FORMAT
from kvmdbg.tape import Record, Table

HEAD: Final = ("format", "kernel", "machine")


class Head(NamedTuple):
    """What a saved state was made on."""

    kernel: str
    machine: str         # as `machine` takes it


class Missing(NamedTuple):
    """A field that the file does not have: it keeps the value of a machine that was just booted."""

    record: str
    field: str


class Restored(NamedTuple):
    """What a file brought besides the state."""

    missing: tuple[Missing, ...]
    history: HistoryReader | None


def read_head(text: str, file: str) -> Head:
    """The lines before the first section.  raises: UserError with the place, for what is no saved state."""
    reader = Reader(text, file, {})
    return _head(reader)


def _head(reader: Reader) -> Head:
    found: dict[str, Any] = {}
    reader.skip_lines()
    while reader.next.kind == "name":
        token = reader.take()
        if token.text not in HEAD or token.text in found:
            raise reader.wrong(f"{token.text!r} does not belong here", f"A saved state begins with {', '.join(HEAD)}.", token)
        reader.expect("=")
        at = reader.next
        found[token.text] = reader.value()
        if not isinstance(found[token.text], int if token.text == "format" else str):
            raise reader.wrong(f"{token.text} is {'a number' if token.text == 'format' else 'a string'}", at=at)
        if token.text == "format" and found["format"] != FORMAT:
            raise reader.wrong(f"format {found['format']}: this kvmdbg reads format {FORMAT}", at=at)
        reader.end_line()
        reader.skip_lines()
    lacking = [name for name in HEAD if name not in found]
    if lacking:
        raise reader.wrong(f"this is no saved state: {', '.join(lacking)} must come before anything else",
                           "`save FILE` writes one; for a kernel log say `load dmesg FILE`.")
    return Head(found["kernel"], found["machine"])


def restore(kvm: Kvm, text: str, file: str, make: Callable[[Kvm, str], Table[Any, Any] | None]) -> Restored:
    """Make the state of `kvm`, a machine of the file's kernel and hardware at #0, that of the file; what else is in it, or lacks.

    A table that the file does not have is empty.  make: a table that not every machine has, by its name.
    raises: UserError with line and column of the first thing that is wrong; the machine is then useless.
    """
    tape = kvm.tape
    recording, tape.recording = tape.recording, False
    reader = Reader(text, file, number_names(kvm))
    _head(reader)
    seen: dict[str, set[Any]] = {}
    history = None
    while reader.next.kind != END:
        token = reader.take()
        if token.kind != "section":
            raise reader.wrong(f"{token.text!r} stands where a [section] must", at=token)
        reader.end_line()
        name = token.text[1:-1]
        if name == SECTION:
            history = HistoryReader(reader, kvm)
            break
        owner = tape.owners[name] if name in tape.owners else make(kvm, name)
        if owner is None:
            raise reader.wrong(f"the machine has nothing called {name!r}", did_you_mean(name, tape.owners), token)
        if name in seen:
            raise reader.wrong(f"[{name}] stands here for the second time", at=token)
        seen[name] = _record(reader, owner) if isinstance(owner, Record) else _table(reader, owner)
    for name, table in tape.owners.items():
        if isinstance(table, Table) and name not in seen:
            _empty(table)
    if history is not None:
        history.read()
    tape.recording = recording
    return Restored(tuple(Missing(name, field) for name, owner in sorted(tape.owners.items()) if isinstance(owner, Record)
                 for field in owner.fields() if field not in seen.get(name, ())), history)


def _record(reader: Reader, record: Record) -> set[Any]:
    hints = get_type_hints(type(record))
    found: set[Any] = set()
    reader.skip_lines()
    while reader.next.kind not in ("section", END):
        token = reader.take()
        if token.text not in record.fields():
            raise reader.wrong(f"{record.name} has no {token.text!r}", did_you_mean(token.text, record.fields()), token)
        if token.text in found:
            raise reader.wrong(f"{token.text} stands here for the second time", at=token)
        reader.expect("=")
        at, value = _value(reader)
        if not fits(value, hints[token.text]):
            raise reader.wrong(f"{record.name}.{token.text} must be {kind_text(hints[token.text])}", at=at)
        setattr(record, token.text, value)
        found.add(token.text)
    return found


def _table(reader: Reader, table: Table[Any, Any]) -> set[Any]:
    usual = next(((shape(key), type(value)) for key, value in table.unordered()), None)
    _empty(table)
    found: set[Any] = set()
    reader.skip_lines()
    while reader.next.kind not in ("section", END):
        at, key = reader.next, reader.value()
        if key in found:
            raise reader.wrong("this key stands here for the second time", at=at)
        reader.expect("=")
        behind, value = _value(reader)
        usual = usual or (shape(key), type(value))
        if shape(key) != usual[0]:
            raise reader.wrong(f"a key of [{table.name}] must be {usual[0]}", at=at)
        if value is not None and type(value) is not usual[1]:
            raise reader.wrong(f"a value of [{table.name}] must be {kind_text(usual[1])}", at=behind)
        table[key] = value
        found.add(key)
    return found


def _value(reader: Reader) -> tuple[Token, Any]:
    """A value up to the end of its line, and where it began."""
    at, value = reader.next, reader.value()
    reader.end_line()
    reader.skip_lines()
    return at, value


def _empty(table: Table[Any, Any]) -> None:
    for key in tuple(table):
        del table[key]
