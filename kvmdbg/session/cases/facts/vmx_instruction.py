"""VMsucceed, VMfailValid, VMfailInvalid, VMfail, `error`, `error_one_of`: how a VMX instruction reports its end."""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw.controls import RFLAGS_CF, RFLAGS_ZF
from kvmdbg.machine.hw.outcome import ARITHMETIC_FLAGS
from kvmdbg.session.cases.fact import Observed, key, kind_is, outcome, same_number
from kvmdbg.session.cases.model import Value
from kvmdbg.session.cases.seen import FAIL_INVALID, FAIL_VALID, SUCCEED

FLAGS: Final = {SUCCEED: 0, FAIL_VALID: RFLAGS_ZF, FAIL_INVALID: RFLAGS_CF}


@outcome("VMsucceed")
def vm_succeed(observed: Observed) -> str:
    """All six arithmetic flags are 0."""
    return _ended(observed, SUCCEED)


@outcome("VMfailValid")
def vm_fail_valid(observed: Observed) -> str:
    """ZF is 1, the other five are 0, the error number is in the current VMCS."""
    return _ended(observed, FAIL_VALID)


@outcome("VMfailInvalid")
def vm_fail_invalid(observed: Observed) -> str:
    """CF is 1, the other five are 0: there is no current VMCS."""
    return _ended(observed, FAIL_INVALID)


@outcome("VMfail")
def vm_fail(observed: Observed) -> str:
    """One of the two; the number is not compared."""
    return _ended(observed, FAIL_VALID, FAIL_INVALID)


@key("error")
def error(observed: Observed, wanted: Value) -> str:
    """VM-instruction error number."""
    return kind_is(observed, FAIL_VALID) or same_number(observed, observed.seen.error, wanted)


@key("error_one_of")
def error_one_of(observed: Observed, wanted: Value) -> str:
    """Any of these numbers is accepted."""
    return kind_is(observed, FAIL_VALID) or ("" if observed.seen.error in wanted else str(observed.seen))


def _ended(observed: Observed, *kinds: str) -> str:
    """One of these ends, with the flags that go with it."""
    seen, flags = observed.seen, observed.last.flags & ARITHMETIC_FLAGS
    wrong = kind_is(observed, *kinds)
    if wrong or observed.last.flags < 0 or flags == FLAGS[seen.kind]:
        return wrong
    return f"{seen}, but with flags {flags:#x}"
