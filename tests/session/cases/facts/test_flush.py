"""Which VPIDs a step invalidates."""

from __future__ import annotations

import pytest

from casework import WITH_VPID, observe
from kvmdbg.errors import Unsupported
from kvmdbg.session.cases.fact import check

SEED = "seed document (nested VPID emulation)"


def test_invvpid_of_l1_hits_vpid02() -> None:
    (step,) = observe("L1: invvpid type=1 vpid=7")
    assert check(step, "flushed", ["vpid02"]) == "" and check(step, "flushed", ["vpid01"]) == "no INVVPID of vpid01"
    assert check(step, "not_flushed", ["vpid01"]) == "" and check(step, "not_flushed", ["vpid02"]) == "INVVPID of vpid02"


def test_a_single_address_is_not_a_whole_flush_but_touches_the_vpid() -> None:
    (step,) = observe("L1: invvpid type=0 vpid=7 gla=V")
    assert check(step, "flushed", ["vpid02"]) == "no INVVPID of vpid02"
    assert check(step, "not_flushed", ["vpid02"]) == "INVVPID of vpid02"


@pytest.mark.parametrize(("last", "enabled", "seen"), [(2, True, "vpid02"), (1, True, "none"), (0, False, "vpid01")])
def test_what_nested_entry_itself_flushes_on_v4_4(last: int, enabled: bool, seen: str) -> None:
    given = {"vmcs12": {"enable_vpid": enabled, "vpid": 1}, "last_vpid": last}
    (step,) = observe("L1: vmlaunch", given=given, source=SEED)
    for word in ("vpid01", "vpid02", "none"):
        assert (check(step, "flush", word) == "") == (word == seen)
    assert check(step, "flush", f"context {seen}") == ""
    assert check(step, "flush", "vpid01" if seen != "vpid01" else "none") == seen


def test_without_an_entry_there_is_nothing_to_say() -> None:
    (step,) = observe("L1: nop", given=WITH_VPID)
    assert check(step, "flush", "none") == "no nested entry: it runs"
    for key, word in (("flush", "everything"), ("flushed", ["vpid03"]), ("not_flushed", ["all"])):
        with pytest.raises(Unsupported):
            check(step, key, word)
