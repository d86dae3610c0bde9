"""A debugger script that an instance became: what `kvmdbg check --script` prints, to be opened and stepped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from kvmdbg.session.cases.matrix import Instance, spell
from kvmdbg.session.cases.model import Case, Value


class Script(NamedTuple):
    """The words that were said to the machine for one variant of an instance."""

    case: Case
    instance: Instance
    values: Mapping[str, Value]
    lines: tuple[str, ...]

    def text(self) -> str:
        """The script as a file, with a heading that says what it is."""
        case = self.case
        values = " ".join(f"{name}={spell(value)}" for name, value in self.values.items())
        source = " ".join(part for part in (case.source.repo, case.source.commit, case.source.file, case.source.function) if part)
        instance = [f"# instance {self.instance.number}: {values}"] if values else []
        return "\n".join((f"# {case.id}: {case.title}", f"# from {source}", *instance, *self.lines, ""))
