"""IA32_EFER of a guest."""

from __future__ import annotations

import pytest

from kvm_support import Machine, of
from kvmdbg.machine.kvm.events import ExceptionInjected
from kvmdbg.machine.kvm.vmx import BOOT_EFER


@pytest.mark.parametrize(("value", "new"), [(BOOT_EFER & ~1, BOOT_EFER & ~1), (0x800, None), (2, None)])
def test_what_it_takes(value: int, new: int | None) -> None:
    m = Machine()
    events = m.run("nop") and m.run(f"wrmsr IA32_EFER, {value:#x}")
    assert [event.vector for event in of(events, ExceptionInjected)] == ["#GP"] * (new is None)
    assert m.vcpu.efer == (BOOT_EFER if new is None else new)
