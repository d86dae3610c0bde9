"""rip, no blocking, and bits of RFLAGS."""

from __future__ import annotations

import pytest

from casework import harness, operation, said
from kvmdbg.errors import Unsupported
from kvmdbg.session.cases.l2_scene import PLACES
from kvmdbg.session.cases.operations.guest_register import efer_bits
from kvmdbg.session.cases.operations.l2_start import no_blocking, rip

EVENTS = {"caps": {"mtf": True}}


def test_each_is_a_vmwrite() -> None:
    h = harness(EVENTS)
    start = len(h.player.lines)
    rip(h, *operation("L1: rip N+1"))
    no_blocking(h, *operation("L1: no blocking"))
    efer_bits(h, *operation("L1: RFLAGS.IF=1"))
    assert said(h, start) == [f"inject vmwrite GUEST_RIP, {PLACES['N'] + 1:#x}", "inject vmwrite GUEST_INTERRUPTIBILITY_INFO, 0x0",
                              "inject vmwrite GUEST_RFLAGS, 0x202"]
    assert h.rip_told


def test_other_forms_are_unsupported() -> None:
    h = harness(EVENTS)
    for run, text in ((rip, "L1: rip"), (no_blocking, "L1: no shame")):
        with pytest.raises(Unsupported):
            run(h, *operation(text))
