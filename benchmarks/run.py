"""All figures as a table, or those of the modules named as arguments.

Nothing here fails: a limit that is missed is marked, on a busy computer as on a slow one.
"""

from __future__ import annotations

import platform
import sys

import machine
import oracle
import screen
import starting
import stepping
from timing import Figure


def line(figure: Figure) -> str:
    limit = "" if figure.limit is None else f"{figure.limit:g} {figure.unit}"
    verdict = "" if figure.limit is None else "ok" if figure.measured <= figure.limit else "MISSED"
    return f"{figure.name:<62} {figure.measured:>9.3g} {figure.unit:<2}  {limit:>8}  {verdict}".rstrip()


MODULES = {module.__name__: module for module in (machine, oracle, stepping, starting, screen)}


def main() -> None:
    print(f"Python {platform.python_version()} on {platform.machine()}")
    print(f"{'figure':<62} {'measured':>12}  {'at most':>8}")
    for name in sys.argv[1:] or MODULES:
        for figure in MODULES[name].figures():
            print(line(figure))
            sys.stdout.flush()


if __name__ == "__main__":
    main()
