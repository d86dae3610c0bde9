"""One dump in a log: its numbers by name, and what is strange about it.  Reading goes line by line, section by section."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from kvmdbg.session.dumps.form import Form, form, read_line
from kvmdbg.session.dumps.kernel_log import Line, messages

SHOWN: Final = 3                 # lines that are quoted
MSR: Final = form("{NUMBER:d}: msr={MSR} value={VALUE}")


class Format(Protocol):
    """How a dump of one kind is printed."""

    @property
    def name(self) -> str:
        """ "VMCS" or "VMCB"."""
        ...

    @property
    def sections(self) -> Mapping[str, tuple[Form, ...]]:
        """Heading -> forms; the first one begins a dump."""
        ...

    @property
    def ignored(self) -> tuple[Form, ...]:
        """Lines that belong to a dump and say nothing that is wanted."""
        ...

    def header(self, text: str) -> bool:
        """May a dump begin with this line, before its first section?"""
        ...

    def listed(self, text: str) -> str:
        """The name of the list that this line begins (of MSRs); "" for any other."""
        ...


@dataclass(slots=True)
class Dump:
    """One dump.  first, last: lines of the log."""

    kind: str
    first: int
    last: int
    values: dict[str, int] = field(default_factory=dict)
    lists: dict[str, list[tuple[int, int]]] = field(default_factory=dict)          # name -> (index, value) of each MSR
    contradictions: list[str] = field(default_factory=list)
    strange: list[Line] = field(default_factory=list)                              # lines between that were not understood

    def put(self, found: dict[str, int], line: Line) -> None:
        """Keep what a line says; one that says it otherwise than before is noted, and the first counts."""
        for name, value in found.items():
            if self.values.setdefault(name, value) != value:
                self.contradictions.append(f"{name} is {self.values[name]:#x}, and {value:#x} on line {line.number}")


@dataclass(slots=True)
class Reading:
    """The state of a reader between two lines."""

    format: Format
    dump: Dump | None = None
    section: str = ""
    listing: str = ""
    waiting: list[Line] = field(default_factory=list)    # not understood, and perhaps behind the dump's end

    def line(self, line: Line) -> Iterator[Dump]:
        """Take a line; the dump before it when it begins another."""
        heading = next((name for name in self.format.sections if line.text.startswith(name)), "")
        if self.format.header(line.text) or heading and self.begins(heading):
            yield from self.end()
            self.dump = Dump(self.format.name, line.number, line.number)
        if self.dump is None:
            return
        if heading:
            self.section, self.listing = heading, ""
        elif not self.format.header(line.text) and not self.inside(self.dump, line):
            self.waiting.append(line)
            return
        self.dump.strange += self.waiting
        self.dump.last = line.number
        self.waiting = []

    def begins(self, heading: str) -> bool:
        """The first section begins a dump, unless it follows a header directly."""
        return heading == next(iter(self.format.sections)) and (self.dump is None or bool(self.section))

    def inside(self, dump: Dump, line: Line) -> bool:
        """Take a line of a section; False when it says nothing."""
        listed = self.format.listed(line.text)
        if listed:
            self.listing = listed
            dump.lists.setdefault(listed, [])
            return True
        entry = MSR.read(line.text) if self.listing else None
        if entry is not None and not entry[1]:
            dump.lists[self.listing].append((entry[0]["MSR"], entry[0]["VALUE"]))
            return True
        if any(one.begins(line.text) for one in self.format.ignored):
            return True
        found = self.understood(line)
        if found is None:
            return False
        dump.put(found, line)
        return True

    def understood(self, line: Line) -> dict[str, int] | None:
        """The numbers of a line, or of it together with the one before that was not understood: a mail program wrapped it."""
        forms = self.format.sections.get(self.section, ())
        found = read_line(forms, line.text)
        if found is None and self.waiting:
            found = read_line(forms, f"{self.waiting[-1].text} {line.text}")
            if found is not None:
                self.waiting.pop()
        return found

    def end(self) -> Iterator[Dump]:
        """The dump that was being read, if there was one with a number in it."""
        if self.dump is not None and self.dump.values:
            yield self.dump
        self.dump, self.section, self.listing, self.waiting = None, "", "", []


def dumps_in(log: str, how: Format) -> Iterator[Dump]:
    """The dumps of one format in a log, in order."""
    reading = Reading(how)
    for line in messages(log):
        yield from reading.line(line)
    yield from reading.end()


def oddities(dump: Dump) -> list[str]:
    """What a person should know about how a dump was read."""
    said = [f"contradiction: {one}; the first one counts" for one in dump.contradictions]
    if dump.strange:
        quoted = "; ".join(f"line {line.number}: {line.text[:60]!r}" for line in dump.strange[:SHOWN])
        more = f" and {len(dump.strange) - SHOWN} more" if len(dump.strange) > SHOWN else ""
        said.append(f"{len(dump.strange)} line{'s' if len(dump.strange) > 1 else ''} between not understood: {quoted}{more}")
    return said
