"""`kvmdbg kernels`: the versions and commits that are modelled."""

from __future__ import annotations

from argparse import Namespace

from kvmdbg.machine.eras.answers import answer, questions, value_text
from kvmdbg.machine.eras.commit import COMMITS
from kvmdbg.machine.eras.versions import VERSIONS, commit_named, commits_named, kernel, lacking, missing_from
from kvmdbg.session.kernels import commit_data, commit_in_full, commits_grid, decided, in_order, kernel_in_full, versions_grid
from kvmdbg.session.results import Many
from kvmdbg.ui.console import OK, out, screen_width
from kvmdbg.ui.plain import json_line, text_of


def kernels(options: Namespace) -> int:
    """The versions and the commits that are known; with a commit or a kernel, that one in full.  raises: UserError."""
    what = " ".join(options.what)
    if what:
        out(one_json(what) if options.json else text_of(one(what), screen_width()))
    else:
        out(kernels_json() if options.json else kernels_text())
    return OK


def one(what: str) -> Many:
    """A commit or a kernel in full."""
    return commit_in_full(COMMITS[commit_named(what)]) if commits_named(what) else kernel_in_full(kernel(what))


def one_json(what: str) -> str:
    """A `commit` object, or a `kernel` object with its answers."""
    if commits_named(what):
        return json_line("commit", **commit_data(COMMITS[commit_named(what)]))
    era = kernel(what)
    answers = [{"question": name, "answer": value_text(era, name), "decided by": decided(answer(era, name))}
               for name in questions()]
    return json_line("kernel", name=era.name, lacks=[entry.hash for entry in in_order() if entry.hash in missing_from(era.name)],
                     answers=answers)


def kernels_json() -> str:
    """A line for each version, then for each commit, oldest first."""
    lines = [json_line("kernel", name=version.name, date=version.date, era=version.era,
                       lacks=[entry.hash for entry in lacking(version)]) for version in VERSIONS]
    return "\n".join((*lines, *(json_line("commit", **commit_data(entry)) for entry in in_order())))


def kernels_text() -> str:
    """Two tables, as wide as the screen takes."""
    return "\n\n".join(text_of(grid, screen_width()) for grid in (versions_grid(), commits_grid()))
