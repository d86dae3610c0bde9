"""Write docs/COMMITS.md: the seed commits, each before and after, as `compare` counts them.  Usage: make_commits.py [FILE]."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from kvmdbg.errors import UserError
from kvmdbg.machine.eras.commit import COMMITS
from kvmdbg.machine.eras.versions import commit_named
from kvmdbg.session.compare import Account, compare
from kvmdbg.session.kernels import before, changes
from kvmdbg.session.session import Session
from kvmdbg.ui.compare import tables
from kvmdbg.ui.plain import text_of

ROOT: Final = Path(__file__).parent.parent
OUT: Final = ROOT / "docs" / "COMMITS.md"


class Seed(NamedTuple):
    """A commit and a script that shows it.  kernels: default just before the commit and the commit."""

    commit: str
    script: str
    kernels: tuple[str, ...] = ()


SEEDS: Final = (
    Seed("d6185f20a0ef", "002-immediate-exit.kvmdbg"),
    Seed("e64419d991ea", "001-flush-guest.kvmdbg"),
    Seed("e64419d991ea", "001-flush-guest-without-vpid.kvmdbg"),
    Seed("5c614b3583e7", "003-nested-vpid.kvmdbg"),
    Seed("eeeb4f67a6cd", "000-flush-current.kvmdbg"),
    Seed("39353ab5790b", "004-eptp-switch.kvmdbg"),
    Seed("5c614b3583e7", "lat_ctx.kvmdbg", ("v4.3", "v4.4", "v6.12")),
)
HEAD: Final = """\
# The commits, before and after

Each table is what the program prints for a script of `scripts/seeds` on mainline just before the commit (`HASH^`) and as of it;
`!` marks what differs. `make docs` writes this page, and a test compares it with what the program says now. `kvmdbg kernels HASH`
says what a commit is.
"""


def page() -> str:
    """The whole page."""
    return "\n".join((HEAD, *(section(seed) for seed in SEEDS)))


def section(seed: Seed) -> str:
    """One script: what the commit changes, the command, its tables."""
    commit = COMMITS[commit_named(seed.commit)]
    kernels = seed.kernels or (f"{commit.hash}^", commit.hash)
    path = f"scripts/seeds/{seed.script}"
    line = " ".join(("kvmdbg compare", path, *(f"-k {kernel}" for kernel in kernels)))
    accounts = counted(path, kernels)
    shown = "\n".join(text_of(grid) for grid in tables(accounts))
    said = f"{commit.subject}. What changes: {sentence(changes(commit))} Without it: {sentence(before(commit))}"
    title = f"{seed.script.removesuffix('.kvmdbg')}: {commit.hash} ({commit.first})"
    return f"## {title}\n\n{said}\n\n    $ {line}\n{indented(shown)}\n"


def counted(path: str, kernels: Sequence[str]) -> list[Account]:
    """The accounts of a script.  raises: UserError when an expectation of it does not hold."""
    accounts = compare(path, (ROOT / path).read_text(encoding="utf-8"), kernels,
                       lambda kernel: Session(kernel, listening=False, kernel_wins=True))
    failures = [f"{failure} (on {one.kernel})" for one in accounts for failure in one.failures]
    if failures:
        raise UserError("\n".join(failures))
    return accounts


def sentence(text: str) -> str:
    """With a full stop behind."""
    return text.rstrip(".") + "."


def indented(text: str) -> str:
    """As a block of code."""
    return "\n".join(f"    {line}".rstrip() for line in text.splitlines())


def main() -> None:
    """Write the page."""
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else OUT
    out.write_text(page(), encoding="utf-8")
    print(f"{out}: {out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
