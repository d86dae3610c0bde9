"""The program from outside: exit codes, one-line errors, and what is not imported."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kvmdbg import __version__
from kvmdbg.ui.cli import COMMANDS, LATER, main

ROOT = Path(__file__).resolve().parents[2]


def kvmdbg(*arguments: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "kvmdbg", *arguments], cwd=ROOT, input=stdin, capture_output=True, text=True,
                          env=os.environ | {"PYTHONPATH": str(ROOT)} | environment, timeout=60)


def loaded_by(*arguments: str) -> set[str]:
    """First names of the modules that are loaded when a call has ended."""
    program = "import sys; from kvmdbg.ui.cli import main; main(sys.argv[1:]); print(sorted(sys.modules), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", program, *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(eval(done.stderr.splitlines()[-1]))


def test_help_and_version() -> None:
    helped = kvmdbg("--help")
    assert helped.returncode == 0 and helped.stderr == ""
    for word in (*COMMANDS, "exit codes", "NO_COLOR"):
        assert word in helped.stdout
    assert kvmdbg("--version").stdout == f"kvmdbg {__version__}\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_a_help_of_its_own(command: str) -> None:
    done = kvmdbg(command, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith(f"usage: kvmdbg {command}")


@pytest.mark.parametrize("arguments", [("--help",), ("--version",)])
def test_help_loads_no_machine(arguments: tuple[str, ...]) -> None:
    heavy = ("kvmdbg.machine", "kvmdbg.session", "textual", "prompt_toolkit", "rich")
    assert not any(name.startswith(heavy) for name in loaded_by(*arguments))


@pytest.mark.parametrize("arguments", [("run", "-ex", "info tlb"), ("kernels",), ("compare", "/dev/null", "-k", "v4.3"),
                                       ("check", str(ROOT / "tests" / "session" / "cases" / "empty.yaml"))])
def test_the_faces_without_a_screen_load_no_screen_library(arguments: tuple[str, ...], tmp_path: Path) -> None:
    if arguments[0] == "check":
        path = tmp_path / "a.yaml"
        path.write_text("schema: kvmdbg-cases/1\nfamily: a\nset: open\ncases: []\n")
        arguments = ("check", str(path))
    assert not {"textual", "prompt_toolkit", "rich"} & loaded_by(*arguments)


@pytest.mark.parametrize(("arguments", "says"), [
    (("run",), "nothing to run"),
    (("run", "--bogus"), "--bogus"),
    (("run", "/nonexistent/x"), "/nonexistent/x: no such file"),
    (("run", "/"), "/: is a directory"),
    (("run", sys.executable), "not a text file"),
    (("run", "-ex", "print 1", "-k", "v1.2"), "v1.2"),
    (("compare", "pyproject.toml"), "-k"),
    (("check",), "CASES"),
    (("rnu",), 'Did you mean "kvmdbg run"?'),
    (("kernels", "now"), "now"),
    (("tui",), "not a terminal"),
    ((), "not a terminal"),
    (("./nonexistent.kvmdbg",), "kvmdbg"),
    (("repl", "/nonexistent/x"), "no such file"),
    *(((name,), "not in this version") for name in LATER),
], ids=lambda value: " ".join(value) or "no arguments" if isinstance(value, tuple) else "")
def test_wrong_usage_is_one_line_and_code_2(arguments: tuple[str, ...], says: str) -> None:
    done = kvmdbg(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1 and done.stderr.startswith("kvmdbg") and says in done.stderr


def test_standard_input_is_a_script(tmp_path: Path) -> None:
    done = kvmdbg("run", "-", stdin="print 4\n\n\nexpect 1 == 2\n")
    assert (done.returncode, done.stdout.splitlines()[0]) == (1, "$1 = 4")
    assert done.stderr.startswith("<stdin>:4: ")


def test_the_prompt_without_a_terminal_runs_its_input(tmp_path: Path) -> None:
    done = kvmdbg("repl", stdin="print 4\nfoo\n")
    assert (done.returncode, done.stdout.splitlines()[0]) == (1, "$1 = 4")
    assert done.stderr.startswith('<stdin>:2: Undefined command: "foo".')


def test_an_empty_line_repeats_nothing_in_a_script() -> None:
    with_blanks = kvmdbg("run", "-", stdin="inject cpuid\ngoto #0\nstepi\n\n\n\nprint 1\n")
    assert with_blanks.returncode == 0
    assert with_blanks.stdout == kvmdbg("run", "-", stdin="inject cpuid\ngoto #0\nstepi\nprint 1\n").stdout


def test_a_reader_that_goes_away_is_no_error() -> None:
    child = subprocess.Popen([sys.executable, "-m", "kvmdbg", "run", "-ex", "\n".join(["info model"] * 200)], cwd=ROOT,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdout is not None and child.stderr is not None
    child.stdout.readline()
    child.stdout.close()
    errors = child.stderr.read()
    assert (child.wait(timeout=60), errors) == (141, b"")


def test_ctrl_c_ends_a_replay_with_130(tmp_path: Path) -> None:
    path = tmp_path / "long.kvmdbg"
    path.write_text("print 1\n" + "inject cpuid\n" * 20_000)
    child = subprocess.Popen([sys.executable, "-m", "kvmdbg", "run", str(path)], cwd=ROOT, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, start_new_session=True)
    assert child.stdout is not None
    child.stdout.readline()
    time.sleep(0.2)
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=60)
    assert child.returncode == 130
    assert errors == b"kvmdbg: interrupted\n"


def test_main_returns_its_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert main(["agree", "x"]) == 2
    assert capsys.readouterr().err.startswith("kvmdbg agree: not in this version")


def test_options_may_stand_before_and_behind_files(tmp_path: Path) -> None:
    path = tmp_path / "a.kvmdbg"
    path.write_text("print 1\n")
    assert main(["run", "-k", "v4.3", str(path), "-ex", "print 2", str(path)]) == 0
