"""37e4c997dadf: bits of IA32_FEATURE_CONTROL."""

from __future__ import annotations

import pytest

from kvm_support import Machine, of
from kvmdbg.machine.kvm.events import ExceptionInjected
from kvmdbg.machine.kvm.guest_msr import keep


@pytest.mark.parametrize(("name", "vectors"), [("v4.4", []), ("37e4c997dadf^", []), ("37e4c997dadf", ["#GP"]), ("v6.12", ["#GP"])])
def test_a_bit_that_is_none(name: str, vectors: list[str]) -> None:
    m = Machine(name)
    m.run("nop")
    keep(m.kvm, m.vcpu, 0x3A, 0)
    events = m.run("wrmsr IA32_FEATURE_CONTROL, 0x8000000000000000")
    assert [event.vector for event in of(events, ExceptionInjected)] == vectors
