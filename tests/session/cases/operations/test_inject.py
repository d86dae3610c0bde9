"""User space injects an SMI or an NMI."""

from __future__ import annotations

import pytest

from casework import harness, operation, said, verdict
from kvmdbg.errors import Unsupported
from kvmdbg.session.cases.operation import find
from kvmdbg.session.cases.operations.field_parts import inject as of_l1
from kvmdbg.session.cases.operations.inject import inject


def test_the_word_depends_on_who_says_it() -> None:
    for text, run in (("host: inject SMI", inject), ("L0.user: inject NMI", inject), ("L1: inject #GP with error code", of_l1)):
        assert find(*operation(text)).run is run


def test_an_nmi_for_l1_makes_l2_exit() -> None:
    found = verdict("L1: enter L2", "host: inject NMI", given={"vmcs12": {"nmi_exiting": True}},
                    expect=[{"step": 2, "outcome": "vmexit", "reason": 0, "vector": 2}])
    assert (found.status, found.reason) == ("ok", "")


def test_what_is_said() -> None:
    h = harness()
    start = len(h.player.lines)
    inject(h, *operation("host: inject SMI"))
    assert said(h, start) == ["host smi", "continue"]


def test_nothing_else_is_injected_so() -> None:
    with pytest.raises(Unsupported):
        inject(harness(), *operation("host: inject hope"))


def test_init_and_sipi() -> None:
    found = verdict("L1: enter L2", "host: inject INIT", expect=[{"step": 2, "outcome": "vmexit", "reason": 3}])
    assert (found.status, found.reason) == ("ok", "")
    found = verdict("L1: vmwrite GUEST_ACTIVITY_STATE 3; vmlaunch", "host: inject SIPI 0x10",
                    expect=[{"step": 2, "outcome": "vmexit", "reason": 4, "qualification": 0x10}])
    assert (found.status, found.reason) == ("ok", "")


@pytest.mark.parametrize(("exits", "fact"), [("0", {"event": "0x30 handled by L2"}), ("1", {"outcome": "vmexit", "reason": 1})])
def test_an_interrupt_for_l1_or_passed_through_to_l2(exits: str, fact: dict[str, object]) -> None:
    steps = (f"L1: external-interrupt exiting {exits}", "L2: sti; nop", "host: inject interrupt vector 0x30")
    assert verdict(*steps, expect=[{"step": 3, **fact}]).status == "ok"
