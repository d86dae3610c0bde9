"""host nmi."""

from __future__ import annotations

from kvm_support import Machine, made


def test_it_is_queued_and_kicks() -> None:
    m = Machine()
    m.run("nop")
    assert made(m.host("nmi")) == ["NMI"]
    assert m.kvm.events(m.vcpu).nmi_queued == 1
