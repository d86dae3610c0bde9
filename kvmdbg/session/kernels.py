"""What is known about kernels, as tables: versions, commits, one commit in full, and how one kernel answers every question."""

from __future__ import annotations

import inspect
import sys
from typing import Any

from kvmdbg.machine.eras.answers import Answer, answer, answered_by, meaning_of, questions, subject_of, value_text
from kvmdbg.machine.eras.commit import Commit
from kvmdbg.machine.eras.versions import VERSIONS, kernel, lacking, missing_from, newest_first
from kvmdbg.machine.kvm.era import Era
from kvmdbg.session.grid import CURRENT, GONE, Grid, Row, columns
from kvmdbg.session.results import Many, Text


def versions_grid(present: str = "") -> Grid:
    """The releases, oldest first.  present: the kernel that a session runs, marked."""
    rows = tuple(Row((version.name, version.date, version.era, str(len(lacking(version)))),
                     CURRENT if version.name == present else "", version.name) for version in VERSIONS)
    return Grid("Kernels", columns("kernel", "released", "described as", "commits it lacks>"), rows)


def commits_grid(lacked: frozenset[str] | None = None) -> Grid:
    """The commits, oldest first.  lacked: those that a session's kernel does not have, marked."""
    missing = lacked or frozenset()
    rows = tuple(Row((one.hash, one.first, one.date, one.subject, changes(one), ", ".join(answered_by(one)),
                      "; ".join(one.touches)), GONE if one.hash in missing else "", one.hash) for one in in_order())
    note = "Write `-k \"v6.12 -HASH\"` to revert one, `-k \"v4.3 +HASH\"` to apply one, `-k HASH^` for mainline just before it."
    return Grid("Commits", columns("commit", "first in", "date", "subject", "what changes/3", "answers/2", "touches/1"), rows, note)


def in_order() -> list[Commit]:
    """The commits, oldest first."""
    return newest_first()[::-1]


def changes(one: Commit) -> str:
    """What a commit changes: the first line of its file, without the hash."""
    text = (sys.modules[one.without.__module__].__doc__ or "").partition("\n")[0]
    return text.partition(": ")[2] or text


def before(one: Commit) -> str:
    """How it was without the commit: the first line of what its answers are described as."""
    return (inspect.getdoc(one.without) or "").partition("\n")[0]


def commit_data(one: Commit) -> dict[str, Any]:
    """A commit for `--json`."""
    return {"hash": one.hash, "first": one.first, "date": one.date, "subject": one.subject, "changes": changes(one),
            "before": before(one), "answers": list(answered_by(one)), "touches": list(one.touches), "needs": list(one.needs),
            "series": one.series, "read": one.read}


def commit_in_full(one: Commit) -> Many:
    """Everything about one commit, and how each question that it decides is answered before and with it."""
    lines = [f"{one.hash}  {one.date}, first in {one.first}", f"  {one.subject}", f"  changes: {changes(one)}",
             f"  without it: {before(one)}", *(f"  touches: {one}" for one in one.touches)]
    lines += [f"  stands also for: {one.series}"] if one.series else []
    lines += [f"  needs: {', '.join(one.needs)}"] if one.needs else []
    users = [user.hash for user in in_order() if one.hash in user.needs]
    lines += [f"  needed by: {', '.join(users)}"] if users else []
    lines.append(f"  source: {'read in the history of Linux' if one.read == 'spec' else 'memory; the number was not read again'}")
    without, with_it = kernel(f"{one.hash}^"), kernel(one.hash)
    rows = tuple(Row((name, value_text(without, name), value_text(with_it, name), meaning_of(name)), key=name)
                 for name in answered_by(one))
    return Many((Text("\n".join(lines)), Grid("Questions it decides", columns("question", "before", "with it", "asks/1"), rows)))


# -- one kernel ---------------------------------------------------------------------------------------------------------


def decided(found: Answer) -> str:
    """Which commit decides an answer: "without 5c614b3583e7 (v4.4)", "since 2b4a5a5d5688 (v5.16)", "always"."""
    if found.lacked:
        return "without " + ", ".join(f"{one.hash} ({one.first})" for one in found.lacked)
    return f"since {found.since.hash} ({found.since.first})" if found.since else "always"


def answers_of(found: Answer) -> str:
    """Whose methods answer, in short: "without 5c614b3583e7", or "mainline"."""
    return "without " + ", ".join(one.hash for one in found.lacked) if found.lacked else "as mainline"


def answers_grid(era: Era, title: str = "") -> Grid:
    """Every question with this kernel's answer and the commit that decides it."""
    rows = tuple(Row((subject_of(name), name, value_text(era, name), decided(answer(era, name)), meaning_of(name)), key=name)
                 for name in questions())
    return Grid(title or f"Answers of {era.name}", columns("subject", "question", "answer", "decided by", "asks/1"), rows)


def kernel_in_full(era: Era) -> Many:
    """A kernel: what it is made of, and how it answers every question."""
    missing = missing_from(era.name)
    lacked = [one for one in newest_first() if one.hash in missing]
    lines = [f"kernel {era.name}"]
    base = next((version for version in VERSIONS if version.name == era.name.split()[0]), None)
    if base is not None:
        lines.append(f"  {base.name} is of {base.date}; the specification describes it as {base.era}")
    by_hash = {one.hash: one for one in lacked} | {one.hash: one for one in in_order()}
    for word in era.name.split()[1:]:
        lines.append(f"  {'without' if word[0] == '-' else 'with'} {word[1:]} {by_hash[word[1:]].subject}")
    oldest = f", the oldest of them {lacked[-1].hash} {lacked[-1].subject}" if lacked else ""
    lines.append(f"  it lacks {len(lacked)} of {len(in_order())} commits{oldest}")
    return Many((Text("\n".join(lines)), answers_grid(era)))
