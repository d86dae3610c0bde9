"""sti, cli, self-IPI, self-NMI."""

from __future__ import annotations

import pytest

from casework import harness, observe, operation, said
from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.events import Delivered
from kvmdbg.session.cases.operations.interrupts import self_ipi, self_nmi
from kvmdbg.session.cases.operations.plain import plain


def test_an_interrupt_waits_until_sti() -> None:
    steps = observe("L1: self-IPI vector 0x40", "L1: sti; nop; cli")
    assert [event.vector for step in steps for event in step.events(Delivered)] == [0x40]


def test_the_words_for_a_person() -> None:
    h = harness()
    start = len(h.player.lines)
    self_ipi(h, *operation("L1: self-IPI 0x40"))
    self_nmi(h, *operation("L1: self-NMI"))
    assert said(h, start) == ["host irq vcpu0 0x40", "continue", "host nmi vcpu0", "continue"]


@pytest.mark.parametrize(("run", "text"), [(plain, "L1: sti slowly"), (self_nmi, "L1: self-NMI twice")])
def test_operands_are_refused(run: object, text: str) -> None:
    with pytest.raises(Unsupported):
        run(harness(), *operation(text))               # type: ignore[operator]
