"""MSR_KVM_STEAL_TIME."""

from __future__ import annotations

from kvm_support import Machine, made


def test_a_write_asks_for_an_update() -> None:
    m = Machine()
    assert "STEAL_UPDATE" in made(m.run("wrmsr 0x4b564d03, 0x7001")) and m.vcpu.steal_time == 0x7001
    m.run("rdmsr 0x4b564d03")
    assert m.cpu.rax == 0x7001
