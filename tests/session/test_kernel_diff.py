"""What differs between two kernels."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel
from kvmdbg.session.grid import Grid
from kvmdbg.session.kernel_diff import aligned, folded, kernel_diff
from kvmdbg.session.results import Text, parts
from session_support import session, text

session()


def grids(a: str, b: str) -> list[Grid]:
    return [part for part in parts(kernel_diff(kernel(a), kernel(b))) if isinstance(part, Grid)]


def test_commits_functions_and_both_answers() -> None:
    found = {grid.title: grid for grid in grids("5c614b3583e7^", "089d7b6ec515")}
    assert found["Commits from 5c614b3583e7^ to 089d7b6ec515"].column("commit") == ("5c614b3583e7", "089d7b6ec515")
    functions = found["Functions of the model that differ"]
    assert ("nested_vmx_transition_tlb_flush()", "transition_flush") in zip(functions.column("function"), functions.column("asks"),
                                                                         strict=True)
    row = next(row.cells for row in functions.rows if row.cells[2] == "has_vpid02")
    assert row[3:] == ("no", "without 5c614b3583e7 (v4.4)", "yes", "since 5c614b3583e7 (v4.4)")
    both = found["transition_flush()"]
    assert both.columns[0].name.startswith("5c614b3583e7^: without 5c614b3583e7")
    assert both.columns[1].name.startswith("089d7b6ec515: without ") and "5c614b3583e7" not in both.columns[1].name
    assert both.rows[0].cells[0] == both.rows[0].cells[1] and not both.rows[0].mark and both.rows[1].mark == "*"


def test_requests_that_are_new_gone_and_moved() -> None:
    requests = next(grid for grid in grids("v4.4", "v6.12") if grid.title.startswith("Requests"))
    marks = {row.cells[0]: row.mark for row in requests.rows}
    assert (marks["TLB_FLUSH_CURRENT"], marks["MMU_RELOAD"], marks["MMU_SYNC"]) == ("+", "-", "*")
    assert not [grid for grid in grids("5c614b3583e7^", "5c614b3583e7") if grid.title.startswith("Requests")]


def test_backwards_the_marks_turn_round() -> None:
    assert {row.mark for row in grids("v4.4", "v4.3")[0].rows} == {"-"}


def test_two_names_of_the_same_kernel() -> None:
    same = kernel_diff(kernel("5c614b3583e7"), kernel("5c614b3583e7^ +5c614b3583e7"))
    assert isinstance(same, Text) and "are the same" in same.text


def test_a_commit_alone() -> None:
    found = grids("v6.12", "v6.12 -2b4a5a5d5688")
    assert found[0].column("commit") == ("2b4a5a5d5688",) and found[0].rows[0].mark == "-"
    assert "vmx_get_current_vpid()" in text(found[1])


def test_lines_beside_each_other_and_long_ones_folded() -> None:
    assert aligned(["a", "b", "c"], ["a", "x", "y", "c"]) == [("a", "a"), ("b", "x"), ("", "y"), ("c", "c")]
    assert folded("    one two three four", 16) == ["    one two", "        three", "        four"]
    assert all(len(line) <= 30 for line in folded("x = " + "word " * 20, 30))


def test_as_wide_as_it_may_be() -> None:
    both = parts(kernel_diff(kernel("v4.3"), kernel("v4.4"), 100))[-1]
    assert isinstance(both, Grid)
    assert max(len(cell) for row in both.rows for cell in row.cells) <= 50
