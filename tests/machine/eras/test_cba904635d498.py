"""ba904635d498: IA32_TSC_ADJUST."""

from __future__ import annotations

import pytest

from kvm_support import Machine, of
from kvmdbg.machine.kvm.events import ExceptionInjected


@pytest.mark.parametrize(("name", "vectors"), [("v3.2", ["#GP"]), ("ba904635d498^", ["#GP"]), ("ba904635d498", []), ("v4.3", [])])
def test_who_has_it(name: str, vectors: list[str]) -> None:
    assert [event.vector for event in of(Machine(name).run("rdmsr IA32_TSC_ADJUST"), ExceptionInjected)] == vectors
