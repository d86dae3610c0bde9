"""Fresh and stale translations, told apart by the frame that was reached."""

from __future__ import annotations

import pytest

from casework import WITH_VPID, observe
from kvmdbg.errors import Unsupported
from kvmdbg.session.cases.fact import check

CHANGE = "L2: pte_set gva=V -> other frame"


def test_an_access_without_invalidation_is_stale() -> None:
    step = observe("L2: load gva=V", CHANGE, "L2: load gva=V", given=WITH_VPID)[-1]
    assert check(step, "translation", "stale") == check(step, "translation", "either") == ""
    assert check(step, "translation", "fresh") == "stale"


def test_an_access_after_invlpg_is_fresh() -> None:
    step = observe("L2: load gva=V", CHANGE, "L2: invlpg V", "L2: load gva=V", given=WITH_VPID)[-1]
    assert check(step, "translation", "fresh") == check(step, "translation", "either") == ""
    assert check(step, "translation", "stale") == "fresh"


def test_an_unchanged_mapping_is_fresh() -> None:
    assert check(observe("L2: load gva=V")[0], "translation", "fresh") == ""


def test_a_frame_that_no_table_names_is_neither() -> None:
    step = observe("L2: load gva=V")[0]._replace(fresh={}, before={})
    assert "which no table names" in check(step, "translation", "either")


def test_without_an_access_there_is_no_translation() -> None:
    step = observe("L2: load <unmapped>")[0]
    assert check(step, "translation", "fresh") == "no access: #PF with error code 0x0"
    with pytest.raises(Unsupported, match="^translation: stable$"):
        check(step, "translation", "stable")
