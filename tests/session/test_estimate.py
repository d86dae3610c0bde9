"""From counts to microseconds."""

from __future__ import annotations

from typing import Any

import pytest

from kvmdbg.session.compare import Account, account
from kvmdbg.session.estimate import (
    CLOCK,
    EXIT,
    INVVPID,
    PUBLISHED,
    RANGES,
    REFERENCE,
    Interval,
    cycles,
    estimate,
    gain,
    microseconds,
    noise,
    verdict,
)
from kvmdbg.tape import Tape


def counts(kernel: str = "v4.3", **numbers: Any) -> Account:
    return account(kernel, Tape())._replace(**numbers)


def test_counts_become_intervals() -> None:
    assert cycles({REFERENCE: 10}) == (40, 2000)
    assert cycles({REFERENCE: 10, INVVPID: -1}) == (40 - 1000, 2000 - 50)
    assert microseconds(Interval(1600, 4000), 1) == (1600 / 4.0 / 1000, 4000 / 1.6 / 1000)
    assert microseconds(Interval(-4000, 0), 2) == (-4000 / 1.6 / 2000, 0)


def test_what_is_the_same_on_both_kernels_costs_nothing() -> None:
    before = counts(references=100, exits=9, switches=10, flushes={"invvpid:single-context": 3, "mov cr3": 10})
    assert gain(before, before) == (0, 0)
    saved = gain(before, before._replace(flushes={"invvpid:single-context": 1}))
    assert saved == microseconds(Interval(2 * INVVPID.low, 2 * INVVPID.high), 10) and saved.low > 0


def test_the_noise_is_what_the_table_itself_contradicts() -> None:
    assert noise("2p/0K") == noise("2p/64K") == 0.01              # rises with the size, as it should
    assert noise("8p/16K") == pytest.approx(12.7 - 3.49)          # 16 processes cannot be faster than 8
    assert noise("8p/64K") == pytest.approx(12.9 - 7.46)


def test_where_the_published_gain_lies() -> None:
    assert verdict("2p/16K", Interval(0.0, 0.3)) == "inside" and verdict("2p/16K", Interval(0.0, 0.05)) == "outside"
    assert verdict("16p/16K", Interval(0.0, 0.3)) == "below the tool's noise"


def test_the_table_and_its_ranges() -> None:
    before = counts("v4.3", intervals={name: counts(fills=9, switches=4) for name in PUBLISHED})
    after = counts("v4.4", intervals={name: counts(fills=9, switches=4) for name in PUBLISHED})
    table, ranges = estimate([after, before])
    assert table.column("column") == tuple(PUBLISHED) and "cannot come from the TLB" in table.note
    assert len(ranges.rows) == len(RANGES) and all(row.cells[3] for row in ranges.rows)
    fewer = after._replace(intervals={name: one._replace(fills=8) for name, one in after.intervals.items()})
    assert "7 translations fewer" in estimate([before, fewer])[0].note
    more = after._replace(intervals={name: one._replace(fills=10) for name, one in after.intervals.items()})
    assert "No column caches fewer" in estimate([before, more])[0].note


def test_nothing_to_estimate() -> None:
    assert estimate([counts("v4.3"), counts("v4.4")]) == ()
    alone = counts("v4.3", intervals={"2p/0K": counts()})
    assert estimate([alone]) == estimate([alone, alone._replace(kernel="v3.2")]) == ()


def test_the_ranges_are_wide_and_have_sources() -> None:
    assert all(one.low < one.high and one.source for one in RANGES) and (EXIT in RANGES) and (CLOCK in RANGES)
