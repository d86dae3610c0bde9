"""Every script of the project holds on the kernels that its header names (`# Kernels: v4.4 v6.12 | v6.12 -HASH`)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kvmdbg.session.session import Session

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = sorted((ROOT / "scripts").rglob("*.kvmdbg"))
KERNELS = re.compile(r"^# Kernels: (.*)$", re.MULTILINE)


def kernels_of(path: Path) -> list[str]:
    """The kernels of a header: versions with blanks between; one with commits behind it stands between bars."""
    found = KERNELS.search(path.read_text())
    groups = found.group(1).split("|") if found else []
    return [one for group in groups for one in ([group.strip()] if re.search(r" [-+]", group.strip()) else group.split())]


RUNS = [pytest.param(path, kernel, id=f"{path.relative_to(ROOT / 'scripts')}-{kernel}") for path in SCRIPTS
        for kernel in kernels_of(path)]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_names_its_kernels_and_expects_something(path: Path) -> None:
    assert kernels_of(path)
    assert re.search(r"^expect ", path.read_text(), re.MULTILINE)


@pytest.mark.parametrize(("path", "kernel"), RUNS)
def test_it_holds(path: Path, kernel: str) -> None:
    s = Session(kernel, kernel_wins=True, listening=False)
    assert [str(failure) for failure in s.run_script(path.name, path.read_text()).failures] == []
    assert s.tape.end
