"""Premises about CPUID, requests and the number of processors."""

from __future__ import annotations

import pytest

from casework import after
from kvmdbg.errors import Unsupported
from kvmdbg.session.cases import premises
from kvmdbg.session.cases.phrases import phrases
from kvmdbg.session.cases.setup import Plan


def test_a_guest_without_vmx_in_its_first_rows() -> None:
    for row, nested in ((1, False), (5, False), (6, True)):
        plan = Plan("v6.12", row=row)
        phrases(premises.CPUID)(plan, "VMX off in the first five rows")
        assert plan.setup().config.nested == nested
    assert not after(phrases(premises.CPUID), "no VMX").config.nested
    with pytest.raises(Unsupported):
        after(phrases(premises.CPUID), "VMX off in the first eleven rows")


def test_one_cpu_only() -> None:
    assert after(premises.one_cpu, 1) == Plan("v6.12").setup()
    with pytest.raises(Unsupported):
        after(premises.one_cpu, 2)


def test_a_kernel_must_number_its_requests_as_the_case_says() -> None:
    plan = Plan("v5.8")
    premises.request_bits(plan, {"TLB_FLUSH_CURRENT": "arch 26", "HV_TLB_FLUSH": "arch 27", "TLB_FLUSH": 0})
    for wanted in ({"TLB_FLUSH_CURRENT": "arch 27"}, {"NONE_SUCH": "arch 1"}, {"TLB_FLUSH": "first"}):
        with pytest.raises(Unsupported, match="request_bits"):
            premises.request_bits(plan, wanted)
