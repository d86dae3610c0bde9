"""Every script of the project holds on the kernels that its first line names (`kernels v4.4 v6.12 | v6.12 -HASH`)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kvmdbg.machine.eras.versions import several
from kvmdbg.session.script import kernels_of
from kvmdbg.session.session import Session

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = sorted((ROOT / "scripts").rglob("*.kvmdbg"))


def kernels_named(path: Path) -> tuple[str, ...]:
    """The kernels of its first line."""
    return several(kernels_of(path.read_text()))


RUNS = [pytest.param(path, kernel, id=f"{path.relative_to(ROOT / 'scripts')}-{kernel}") for path in SCRIPTS
        for kernel in kernels_named(path)]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_says_what_it_is_and_expects_something(path: Path) -> None:
    assert path.read_text().startswith("# ")
    assert re.search(r"^expect ", path.read_text(), re.MULTILINE)


@pytest.mark.parametrize(("path", "kernel"), RUNS)
def test_it_holds(path: Path, kernel: str) -> None:
    s = Session(kernel, kernel_wins=True, listening=False)
    assert [str(failure) for failure in s.run_script(path.name, path.read_text()).failures] == []
    assert s.tape.end
