"""host irq."""

from __future__ import annotations

import pytest

from kvm_support import Machine, made, names
from kvmdbg.errors import UserError


def test_it_waits_in_the_apic_and_kicks() -> None:
    m = Machine()
    m.run("nop")
    events = m.host("irq 0xf1")
    assert made(events) == ["EVENT"]
    assert m.kvm.events(m.vcpu).irr == 1 << 0xF1
    assert names(events)[-2:] == ["Kicked", "Raised"]


@pytest.mark.parametrize("text", ["irq", "irq 0xf", "irq 0x100", "irq x"])
def test_a_wrong_vector_changes_nothing(text: str) -> None:
    m = Machine()
    end = m.kvm.tape.end
    with pytest.raises(UserError, match="vector"):
        m.host(text)
    assert m.kvm.tape.end == end
