"""f4bc051fc91a: CR0 and CR4 flush what the manual says, whether or not the MMU is reset."""

from __future__ import annotations

import pytest

from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.hw.controls import CR0_PG, CR4_PAE, CR4_PCIDE, CR4_PGE, CR4_SMEP
from kvmdbg.machine.kvm.questions.control_registers import Aftermath

BEFORE, AFTER = "f4bc051fc91a^", "f4bc051fc91a"


@pytest.mark.parametrize(("old", "new", "before", "after"), [
    (CR4_PAE, 0, Aftermath(reset=True), Aftermath(reset=True, requests=("TLB_FLUSH_CURRENT",))),
    (0, CR4_SMEP, Aftermath(reset=True), Aftermath(reset=True, requests=("TLB_FLUSH_CURRENT",))),
    (CR4_SMEP, 0, Aftermath(reset=True), Aftermath(reset=True)),
    (CR4_SMEP | CR4_PGE, 0, Aftermath(reset=True), Aftermath(reset=True, requests=("TLB_FLUSH_GUEST",))),
    (CR4_PGE, 0, Aftermath(requests=("TLB_FLUSH_GUEST",)), Aftermath(requests=("TLB_FLUSH_GUEST",))),
    (CR4_PCIDE, 0, Aftermath(unload=True), Aftermath(requests=("TLB_FLUSH_GUEST",))),
    (0, CR4_PCIDE, Aftermath(unload=True), Aftermath())])
def test_cr4(old: int, new: int, before: Aftermath, after: Aftermath) -> None:
    """D, row CR4 write; with TDP."""
    assert [kernel(name).cr4_aftermath(old, new, True) for name in (BEFORE, AFTER)] == [before, after]


def test_cr0() -> None:
    assert [kernel(name).cr0_aftermath(CR0_PG | 1, 1, True) for name in (BEFORE, AFTER)] == [
        Aftermath(reset=True), Aftermath(reset=True, requests=("TLB_FLUSH_GUEST",))]
