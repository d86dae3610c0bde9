"""`kvmdbg kernels`: the versions and commits that are modelled."""

from __future__ import annotations

from argparse import Namespace

from kvmdbg.machine.eras.commit import COMMITS, Commit
from kvmdbg.machine.eras.versions import VERSIONS, lacking
from kvmdbg.session.grid import Grid, Row, columns
from kvmdbg.ui.console import OK, out, screen_width
from kvmdbg.ui.plain import json_line, text_of


def kernels(options: Namespace) -> int:
    """The versions and the commits that are known."""
    out(kernels_json() if options.json else kernels_text())
    return OK


def kernels_json() -> str:
    """A line for each version, then for each commit, oldest first."""
    lines = [json_line("kernel", name=version.name, date=version.date, era=version.era,
                       lacks=[one.hash for one in lacking(version)]) for version in VERSIONS]
    lines += [json_line("commit", hash=one.hash, first=one.first, date=one.date, subject=one.subject, touches=list(one.touches),
                        needs=list(one.needs), series=one.series, read=one.read) for one in in_order()]
    return "\n".join(lines)


def kernels_text() -> str:
    """Two tables, as wide as the screen takes."""
    versions = tuple(Row((version.name, version.date, version.era, str(len(lacking(version))))) for version in VERSIONS)
    commits = tuple(Row((one.hash, one.first, one.date, one.subject, one.series, "; ".join(one.touches))) for one in in_order())
    grids = (Grid("Kernels", columns("kernel", "released", "described as", "commits it lacks>"), versions),
             Grid("Commits", columns("commit", "first in", "date", "subject", "stands also for/2", "changes/1"), commits,
                  "Write `-k \"v6.12 -HASH\"` to revert one, `-k \"v4.3 +HASH\"` to apply one."))
    return "\n\n".join(text_of(grid, screen_width()) for grid in grids)


def in_order() -> list[Commit]:
    """The commits, oldest first."""
    return sorted(COMMITS, key=lambda one: one.order)
