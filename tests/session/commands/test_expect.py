"""expect."""

from __future__ import annotations

import pytest

from kvmdbg.errors import ExpectationFailed, UserError
from session_support import L2, session

S = session(*L2)


@pytest.mark.parametrize("line", ["expect level == 2", "expect on v4.4: vcpu.vpid02 == 2", "expect on v4.3, v6.12: 1 == 2",
                                  "expect flushes invvpid > 0", "expect on v4.4: flushes invvpid:single-context > 0 since start",
                                  "expect on v4.3: stale L2 0x123000",
                                  "expect with 5c614b3583e7: level == 2", "expect without 5c614b3583e7: 1 == 2",
                                  "expect with 5c614b3, 2b4a5a5d5688: 1 == 2", "expect without 2b4a5 with 5c614b3583e7: level == 2",
                                  "expect on v4.4 with 2b4a5: 1 == 2",
                                  'expect on v4.3,v4.4: count("flush:invvpid") > 0', 'expect "a:b" == "a:b"'])
def test_what_holds(line: str) -> None:
    assert S.execute(line) is None


def test_a_commit_counts_however_the_kernel_is_named() -> None:
    before, after = session(kernel="5c614b3583e7^"), session(kernel="v4.3 +5c614b3583e7")
    before.execute("expect with 5c614b3583e7: 1 == 2")
    with pytest.raises(ExpectationFailed, match="on v4.3 .5c614b3583e7 1 == 2"):
        after.execute("expect with 5c614b3583e7: 1 == 2")


def test_what_does_not_hold_says_the_values() -> None:
    with pytest.raises(ExpectationFailed) as wrong:
        S.execute("expect on v4.4: vcpu.vpid02 == 7")
    assert wrong.value.message == "expected on v4.4 vcpu.vpid02 == 7: vcpu.vpid02 is 2"


@pytest.mark.parametrize("line", ["expect", "expect 1 +", "expect on v9.9: 1", "expect nonsense",
                                  "expect with 12345678: 1", "expect with v4.4: 1",
                                  "expect stale L2", "expect on v4.3: stale L2"])
def test_mistakes_are_no_failed_expectations(line: str) -> None:
    with pytest.raises(UserError) as wrong:
        S.execute(line)
    assert not isinstance(wrong.value, ExpectationFailed)


@pytest.mark.parametrize(("text", "expected"), [
    ("expect ", ("on", 7)), ("expect vcpu.vpid0", ("vpid02", 12)), ("expect on v4.3, v4", ("v4.4", 16)),
    ("expect with 5c6", ("5c614b3583e7", 12)), ("expect with 5c614b3583e7 wi", ("without", 25)),
    ("expect without 5c614b3583e7: vcpu.vpid0", ("vpid02", 34)), ("expect on v4.3: sta", ("stale", 16))])
def test_completion(text: str, expected: tuple[str, int]) -> None:
    assert expected in [(one.text, one.start) for one in S.completions(text)]
