"""a91a7c709600: CR4.PGE no longer resets the MMU, it flushes the guest's view."""

from __future__ import annotations

import pytest

from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.hw.controls import CR4_PGE
from kvmdbg.machine.kvm.questions.control_registers import Aftermath

BEFORE, AFTER = "a91a7c709600^", "a91a7c709600"


def test_a_changed_pge() -> None:
    assert [kernel(name).cr4_aftermath(CR4_PGE, 0, True) for name in (BEFORE, AFTER)] == [
        Aftermath(reset=True), Aftermath(requests=("TLB_FLUSH_GUEST",))]


@pytest.mark.parametrize("version", ["v5.16", "v6.12"])
def test_reverted(version: str) -> None:
    assert kernel(f"{version} -a91a7c709600").cr4_aftermath(0, CR4_PGE, True) == Aftermath(reset=True)
