"""The tree keeps its own rules: a test file for each module, quiet imports, a machine that reads nothing from outside."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "kvmdbg"
TESTS = ROOT / "tests"
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.name not in ("__init__.py", "__main__.py"))
SCREEN_LIBRARIES = ("textual", "rich", "prompt_toolkit")
# The machine is deterministic data: nothing of the outside may reach it.
OUTSIDE = frozenset({"time", "random", "os", "datetime", "secrets", "socket", "subprocess", "pathlib", "io", "tempfile", "uuid",
                     "threading", "open()"})
TEXT_SUFFIXES = frozenset({".py", ".md", ".toml", ".kvmdbg", ".yaml", ".yml", ".cfg", ".txt", ".svg", ""})
SKIPPED_FOLDERS = frozenset({".git", ".venv", "build", "dist", "__pycache__", ".hypothesis", ".mypy_cache", ".ruff_cache",
                             ".pytest_cache", ".import_linter_cache"})


def expected_test(module: Path) -> Path:
    """Where the test of a module lies: kvmdbg/a/b/c.py -> tests/a/b/test_c.py."""
    relative = module.relative_to(PACKAGE)
    return TESTS / relative.parent / f"test_{relative.name}"


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_each_module_has_a_test_file(module: Path) -> None:
    expected = expected_test(module)
    assert expected.is_file(), f"{module.relative_to(ROOT)} has no {expected.relative_to(ROOT)}"


def imports_of(path: Path) -> set[str]:
    """First names of the modules that a file imports, and the calls to open() in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Import(names=names):
                found |= {name.name.partition(".")[0] for name in names}
            case ast.ImportFrom(module=str(module)):
                found.add(module.partition(".")[0])
            case ast.Call(func=ast.Name(id="open")):
                found.add("open()")
    return found


@pytest.mark.parametrize("module", sorted((PACKAGE / "machine").rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_the_machine_reads_nothing_from_outside(module: Path) -> None:
    assert not imports_of(module) & OUTSIDE


@pytest.mark.parametrize("package", ["kvmdbg.machine", "kvmdbg.session"])
def test_nothing_below_the_screen_loads_a_screen_library(package: str) -> None:
    """The import contracts see the graph; this sees what really loads, with every module of the package imported."""
    program = f"""
import importlib, pkgutil, sys
package = importlib.import_module({package!r})
for module in pkgutil.walk_packages(package.__path__, {package!r} + "."):
    importlib.import_module(module.name)
print([name for name in {SCREEN_LIBRARIES!r} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def project_files() -> list[Path]:
    """Every text file of the project itself, not of what was installed or cached beside it."""
    return [path for path in ROOT.rglob("*")
            if path.is_file() and path.suffix in TEXT_SUFFIXES and path.stat().st_size < 2_000_000
            and not SKIPPED_FOLDERS & set(path.relative_to(ROOT).parts)]


def test_no_file_names_a_package_registry() -> None:
    """The project installs from wherever pip is told to; no file may pin a host."""
    hosts = [name + tail for name, tail in (("pypi", ".org"), ("pythonhosted", ".org"), ("npmjs", ".org"), ("npmjs", ".com"),
                                            ("index", "-url"))]
    named = [f"{path.relative_to(ROOT)}: {host}" for path in project_files() for host in hosts
             if host in path.read_text(encoding="utf-8", errors="ignore")]
    assert named == []
