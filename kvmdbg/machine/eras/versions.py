"""Kernels by name: a version or a commit, and single commits left out (`v6.12 -2b4a5a5d5688`, `eeeb4f67a6cd^`)."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Sequence
from typing import Final, NamedTuple

from kvmdbg.catalog import open_drawer
from kvmdbg.errors import UserError
from kvmdbg.machine.eras.commit import COMMITS, Commit
from kvmdbg.machine.kvm.era import Era

open_drawer("kvmdbg.machine.eras")


class Version(NamedTuple):
    """A release."""

    name: str
    date: str            # year-month of the release
    era: str             # section of the specification that describes it

    @property
    def release(self) -> tuple[int, ...]:
        """(4, 15) for v4.15."""
        return release_of(self.name)


@functools.cache
def release_of(name: str) -> tuple[int, ...]:
    """(4, 15) for "v4.15"."""
    return tuple(int(part) for part in name.removeprefix("v").split("."))


VERSIONS: Final = (
    Version("v3.1", "2011-10", "E11, before d6185f20a0ef"),
    Version("v3.2", "2012-01", "E11"),
    Version("v4.3", "2015-11", "E15-"),
    Version("v4.4", "2016-01", "E15+"),
    Version("v4.15", "2018-01", "E17"),
    Version("v5.7", "2020-05", "E20-"),
    Version("v5.8", "2020-08", "E20+"),
    Version("v5.10", "2020-12", "E20+"),
    Version("v5.13", "2021-06", "between E20+ and E21"),
    Version("v5.14", "2021-08", "E21"),
    Version("v5.16", "2022-01", "between E21 and E24"),
    Version("v6.12", "2024-11", "E24"),
)
BY_NAME: Final = {version.name: version for version in VERSIONS}
MAINLINE: Final = "v6.12"


def lacking(version: Version) -> tuple[Commit, ...]:
    """The commits that a version does not have, newest first."""
    return tuple(entry for entry in newest_first() if release_of(entry.first) > version.release)


def newest_first() -> list[Commit]:
    """Every commit, the newest first."""
    return sorted(COMMITS, key=lambda entry: -entry.order)


def kernel(text: str) -> Era:
    """The kernel that `text` names: `v4.4`, `4.4`, `v6.12 -2b4a5a5d5688`, `v4.3 +5c614b3583e7`, `eeeb4f67a6cd^ +HASH`.

    A commit alone is mainline as of that commit, with ^ as of just before it.
    raises: UserError for an unknown version or commit, for a commit that the version has or lacks already, and for one
    that another needs.
    """
    words = text.replace(",", " ").split()
    if not words:
        raise UserError("no kernel was named", f"Use one of {', '.join(BY_NAME)}.")
    base, lacked = base_named(words[0])
    missing = {entry.hash for entry in lacked}
    changes = []
    for word in words[1:]:
        changes.append(f"{word[0]}{(found := changed_commit(word, base, missing))}")
        missing ^= {found}
    check_needs(missing)
    return stack(" ".join((base, *changes)), frozenset(missing))


def changed(name: str, sign: str, hashes: Sequence[str]) -> str:
    """The kernel `name` with commits reverted ("-") or applied ("+"); a change that takes back an earlier one leaves both out.

    raises: UserError as kernel().
    """
    base, *words = kernel(name).name.split()
    lacked = {entry.hash for entry in base_named(base)[1]}
    for digits in hashes:
        one = commit_named(digits)
        taken_back = ("+" if sign == "-" else "-") + one
        if taken_back in words:
            words.remove(taken_back)
        else:
            changed_commit(sign + one, name, lacked ^ {word[1:] for word in words})
            words.append(sign + one)
    return kernel(" ".join((base, *words))).name


def several(text: str) -> tuple[str, ...]:
    """The kernels that `text` names, in its order: `v4.3 v4.4 | v6.12 -2b4a5a5d5688 | eeeb4f67a6cd^`.

    Names stand behind blanks; one with commits reverted or applied stands between bars.
    raises: UserError as kernel(), and where none is named.
    """
    groups = [group.split() for group in text.split("|") if group.strip()]
    names = [name for words in groups for name in ([" ".join(words)] if any(word[0] in "-+" for word in words) else words)]
    if not names:
        raise UserError("no kernel was named", f"Known: {', '.join(BY_NAME)}.")
    return tuple(kernel(name).name for name in names)


def missing_from(text: str) -> frozenset[str]:
    """Hashes of the commits that the kernel named by `text` lacks.  raises: UserError as kernel()."""
    lacks = type(kernel(text)).__mro__
    return frozenset(entry.hash for entry in COMMITS if entry.without in lacks)


def base_named(text: str) -> tuple[str, tuple[Commit, ...]]:
    """A version (with or without the v) or a commit, by its whole name, and what it lacks, newest first.  raises: UserError."""
    name = text if text.startswith("v") else f"v{text}"
    if name in BY_NAME:
        return name, lacking(BY_NAME[name])
    before = text.endswith("^")
    found = commits_named(text.removesuffix("^"))
    if len(found) != 1:
        close = difflib.get_close_matches(name, BY_NAME, 1)
        hint = f"Did you mean {close[0]}?  Known: {', '.join(BY_NAME)}" if close else f"Known: {', '.join(BY_NAME)}"
        raise UserError(f"kernel {text!r} is not known", f"{hint}, or a commit of `kvmdbg kernels`, with ^ for just before it.")
    last = COMMITS[found[0]].order - before
    return f"{found[0]}{'^' if before else ''}", tuple(entry for entry in newest_first() if entry.order > last)


def commits_named(digits: str) -> list[str]:
    """The known commits that a hash may mean; of fewer than five digits none."""
    return [name for name in COMMITS.names() if len(digits) >= 5 and (name.startswith(digits) or digits.startswith(name))]


def changed_commit(word: str, base: str, missing: set[str]) -> str:
    """The commit that `-HASH` takes away or `+HASH` adds.  raises: UserError."""
    sign, digits = word[:1], word[1:]
    if sign not in "+-" or not digits:
        raise UserError(f"{word!r} after the version is no commit", "Write -HASH to revert one, +HASH to apply one.")
    found = commit_named(digits)
    if (sign == "-") == (found in missing):
        does = "does not have" if sign == "-" else "has"
        raise UserError(f"{base} {does} {found}" + (" already" if sign == "+" else ""), "Leave it out.")
    return found


def commit_named(digits: str) -> str:
    """The known commit of that hash, all of its twelve digits.  raises: UserError for none, and for several."""
    found = commits_named(digits)
    if len(found) != 1:
        which = f"may be {' or '.join(found)}" if found else "is not known"
        raise UserError(f"commit {digits!r} {which}", "`kvmdbg kernels` lists the commits.")
    return found[0]


def check_needs(missing: set[str]) -> None:
    """A commit that is there needs those that it was written on."""
    for entry in COMMITS:
        for need in entry.needs:
            if entry.hash not in missing and need in missing:
                raise UserError(f"{entry.hash} needs {need}, which is missing", f"Leave {entry.hash} out too: -{entry.hash}.")


@functools.lru_cache(maxsize=64)
def stack(name: str, missing: frozenset[str]) -> Era:
    """The newest behaviour with the Without of every missing commit on it, the oldest on top.

    An era has no state, and a class with a hundred bases takes ten milliseconds to make: the last ones are kept.
    """
    bases = tuple(entry.without for entry in reversed(newest_first()) if entry.hash in missing)
    era: Era = type("Kernel", (*bases, Era), {"name": name})()
    for table in ("request_bits", "request_flags", "service_order"):        # asked at each request, and the same each time
        setattr(era, table, functools.cache(getattr(era, table)))
    return era
