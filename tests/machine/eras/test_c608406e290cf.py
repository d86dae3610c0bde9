"""608406e290cf: L1 may use virtual-interrupt delivery."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.hw.fields import F


def test_before_and_after() -> None:
    assert [kernel(name).offers_virtual_interrupts_to_l1() for name in ("608406e290cf^", "608406e290cf", "v6.12")] == [
        False, True, True]


def test_vmcs12_has_no_field_for_it_before() -> None:
    found = [kernel(name).vmcs12_has(F.EOI_EXIT_BITMAP3) for name in ("v3.2", "608406e290cf^", "608406e290cf", "v6.12")]
    assert found == [False, False, True, True]
