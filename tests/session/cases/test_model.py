"""Typed values of a file of cases."""

from __future__ import annotations

from kvmdbg.session.cases.model import BASES, NO_MATRIX, SCHEMA


def test_the_schema_and_the_bases_are_those_of_the_format() -> None:
    assert SCHEMA == "kvmdbg-cases/1"
    assert BASES == ("test", "implementation", "document")


def test_no_matrix_has_neither_rows_nor_axes() -> None:
    assert not NO_MATRIX.rows and not NO_MATRIX.axes
