"""Kernels by name: a version, and single commits left out (`v6.12 -2b4a5a5d5688`)."""

from __future__ import annotations

import difflib
from typing import Final, NamedTuple

from kvmdbg.catalog import open_drawer
from kvmdbg.errors import UserError
from kvmdbg.machine.eras.commit import COMMITS, Commit
from kvmdbg.machine.kvm.era import Era

open_drawer("kvmdbg.machine.eras")


class Version(NamedTuple):
    """A release and the newest commit of ours that it has."""

    name: str
    date: str            # year-month of the release
    era: str             # section of the specification that describes it
    newest: int          # Commit.order of the newest commit that it has; 0 = none


VERSIONS: Final = (
    Version("v4.3", "2015-11", "E15-", 0),
    Version("v4.4", "2016-01", "E15", 110),
    Version("v6.12", "2024-11", "E24", 10_000),
)
BY_NAME: Final = {version.name: version for version in VERSIONS}
MAINLINE: Final = "v6.12"


def lacking(version: Version) -> tuple[Commit, ...]:
    """The commits that a version does not have, newest first."""
    return tuple(sorted((entry for entry in COMMITS if entry.order > version.newest), key=lambda entry: -entry.order))


def kernel(text: str) -> Era:
    """The kernel that `text` names: `v4.4`, `4.4`, `v6.12 -2b4a5a5d5688`, `v4.3 +5c614b3583e7`.

    raises: UserError for an unknown version or commit, for a commit that the version has or lacks already, and for one
    that another needs.
    """
    words = text.replace(",", " ").split()
    if not words:
        raise UserError("no kernel was named", f"Use one of {', '.join(BY_NAME)}.")
    version = version_named(words[0])
    missing = {entry.hash for entry in lacking(version)}
    for word in words[1:]:
        missing ^= {changed_commit(word, version, missing)}
    check_needs(missing)
    return stack(" ".join((version.name, *words[1:])), missing)


def version_named(text: str) -> Version:
    """A version by name, with or without the v."""
    name = text if text.startswith("v") else f"v{text}"
    if name not in BY_NAME:
        close = difflib.get_close_matches(name, BY_NAME, 1)
        hint = f"Did you mean {close[0]}?  Known: {', '.join(BY_NAME)}." if close else f"Known: {', '.join(BY_NAME)}."
        raise UserError(f"kernel {text!r} is not known", hint)
    return BY_NAME[name]


def changed_commit(word: str, version: Version, missing: set[str]) -> str:
    """The commit that `-HASH` takes away or `+HASH` adds.  raises: UserError."""
    sign, digits = word[:1], word[1:]
    if sign not in "+-" or not digits:
        raise UserError(f"{word!r} after the version is no commit", "Write -HASH to revert one, +HASH to apply one.")
    found = [name for name in COMMITS.names() if name.startswith(digits) or digits.startswith(name)]
    if len(found) != 1:
        raise UserError(f"commit {digits!r} is not known", "`kvmdbg kernels` lists the commits.")
    if (sign == "-") == (found[0] in missing):
        has = "does not have" if sign == "-" else "has"
        raise UserError(f"{version.name} {has} {found[0]} already", "Leave it out.")
    return found[0]


def check_needs(missing: set[str]) -> None:
    """A commit that is there needs those that it was written on."""
    for entry in COMMITS:
        for need in entry.needs:
            if entry.hash not in missing and need in missing:
                raise UserError(f"{entry.hash} needs {need}, which is missing", f"Leave {entry.hash} out too: -{entry.hash}.")


def stack(name: str, missing: set[str]) -> Era:
    """The newest behaviour with the Without of every missing commit on it, the oldest on top."""
    bases = tuple(entry.without for entry in sorted(COMMITS, key=lambda entry: entry.order) if entry.hash in missing)
    era: Era = type("Kernel", (*bases, Era), {"name": name})()
    return era
