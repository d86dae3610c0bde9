"""vmcs12_eptp."""

from __future__ import annotations

import pytest

from casework import verdict

GIVEN = {"vmcs12": {"enable_ept": True, "enable_vpid": True, "enable_vmfunc": True, "vmfunc_controls": 1,
                    "eptp_list": "page with entries [A, B]", "eptp": "A"}}


@pytest.mark.parametrize(("index", "eptp", "status"), [(0, "A", "ok"), (1, "B", "ok"), (1, "A", "FAIL")])
def test_the_eptp_in_use(index: int, eptp: str, status: str) -> None:
    found = verdict(f"L2: vmfunc eax=0 ecx={index}", expect=[{"step": 1, "outcome": "runs", "vmcs12_eptp": eptp}], given=GIVEN)
    assert found.status == status


def test_what_lies_behind_an_address_depends_on_it() -> None:
    found = verdict("L2: load gpa=P", "L2: vmfunc eax=0 ecx=1", "L2: load gpa=P", given=GIVEN,
                    expect=[{"step": 1, "value": "FA"}, {"step": 3, "value": "FB", "translation": "fresh"}])
    assert found.status == "ok"


def test_a_list_in_other_words_is_refused() -> None:
    found = verdict("L2: nop", expect=[{"step": 1, "outcome": "runs"}], given={"vmcs12": {"eptp_list": "somewhere"}})
    assert found.status == "unsupported"
