"""load, store, fetch."""

from __future__ import annotations

import pytest

from casework import OPEN_EPT, observe
from kvmdbg.errors import Unsupported
from kvmdbg.session.cases import binding
from kvmdbg.session.cases.operations.memory import STORED


def test_linear_addresses() -> None:
    load, store, again = observe("L2: load gva=V", "L2: store gva=V", "L2: load gva=V")
    assert load.last.value == binding.MARK_OLD and again.last.value == STORED
    assert store.seen.accesses[0].access == "write"
    assert observe(f"L2: load {binding.LINEAR_V:#x}")[0].last.value == binding.MARK_OLD


def test_guest_physical_addresses() -> None:
    store, load, fetch = observe("L2: store gpa=G", "L2: load gpa=G", "L2: fetch_user gpa=G", given=OPEN_EPT)
    assert load.last.value == STORED
    assert fetch.seen.accesses[0].la == store.seen.accesses[0].la + 8


def test_l1s_own_v() -> None:
    assert observe("L1: load gva=V")[0].last.value == binding.MARK_OLD


@pytest.mark.parametrize("step", ["L2: load", "L2: load gpa=P1 x=1", "L2: load H1 H2", "L1: load gpa=P1", "L2: store gpa=P x=1"])
def test_other_forms_are_unsupported(step: str) -> None:
    with pytest.raises(Unsupported):
        observe(step, given=OPEN_EPT)
