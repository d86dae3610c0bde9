"""expect."""

from __future__ import annotations

import pytest

from kvmdbg.errors import ExpectationFailed, UserError
from session_support import L2, session

S = session(*L2)


@pytest.mark.parametrize("line", ["expect level == 2", "expect on v4.4: vcpu.vpid02 == 2", "expect on v4.3, v6.12: 1 == 2",
                                  "expect flushes invvpid > 0", "expect on v4.4: flushes invvpid:single-context > 0 since start",
                                  "expect on v4.3: stale L2 0x123000",
                                  'expect on v4.3,v4.4: count("flush:invvpid") > 0', 'expect "a:b" == "a:b"'])
def test_what_holds(line: str) -> None:
    assert S.execute(line) is None


def test_what_does_not_hold_says_the_values() -> None:
    with pytest.raises(ExpectationFailed) as wrong:
        S.execute("expect on v4.4: vcpu.vpid02 == 7")
    assert wrong.value.message == "expected on v4.4 vcpu.vpid02 == 7: vcpu.vpid02 is 2"


@pytest.mark.parametrize("line", ["expect", "expect 1 +", "expect on v9.9: 1", "expect nonsense",
                                  "expect stale L2", "expect on v4.3: stale L2"])
def test_mistakes_are_no_failed_expectations(line: str) -> None:
    with pytest.raises(UserError) as wrong:
        S.execute(line)
    assert not isinstance(wrong.value, ExpectationFailed)
