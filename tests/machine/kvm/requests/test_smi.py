"""KVM_REQ_SMI."""

from __future__ import annotations

from kvm_support import Machine, served


def test_the_smi_is_taken_with_the_other_events() -> None:
    m = Machine()
    m.run("nop")
    m.host("smi")
    assert served(m.run("nop"))[:2] == ["SMI", "EVENT"]
    assert m.vcpu.smm and not m.vcpu.smi_pending
