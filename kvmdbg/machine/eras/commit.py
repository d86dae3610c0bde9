"""What a commit file declares: how KVM answered *without* that commit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from kvmdbg.catalog import Catalog
from kvmdbg.machine.kvm.era import Era


class Commit(NamedTuple):
    """One commit, or one series that stands behind a single name."""

    hash: str                   # first 12 digits, as one would type them
    order: int                  # place in history: YYYYMMNN, year and month of the commit and a number; higher is newer
    first: str                  # first release that has it
    date: str                   # year-month of the commit
    subject: str
    touches: tuple[str, ...]    # kernel files and functions
    needs: tuple[str, ...]      # commits without which it cannot be applied
    series: str                 # "" or what else this file stands for
    read: str                   # "spec" (kvm.md cites it as read) or "memory" (the number was not re-read)
    without: type[Era]


COMMITS: Final[Catalog[Commit]] = Catalog("commit")


def commit(hash: str, *, order: int, first: str, date: str, subject: str, touches: tuple[str, ...], needs: tuple[str, ...] = (),
           series: str = "", read: str = "spec") -> Callable[[type[Era]], type[Era]]:
    """Declare the decorated class as the answers of a kernel that lacks the commit."""
    def declare(without: type[Era]) -> type[Era]:
        COMMITS.add(hash, Commit(hash, order, first, date, subject, touches, needs, series, read, without))
        return without
    return declare
