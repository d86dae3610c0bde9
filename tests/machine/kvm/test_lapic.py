"""INIT and SIPI in the local APIC."""

from __future__ import annotations

from kvm_support import Machine, decided
from kvmdbg.machine.kvm.lapic import has_pending_init_or_sipi, init_sipi_allowed, kvm_apic_accept_events


def test_what_is_blocked_goes_on_waiting() -> None:
    m = Machine().given_vmx()
    m.kvm.events(m.vcpu).init_pending = True
    start = m.kvm.tape.cursor
    kvm_apic_accept_events(m.kvm, m.vcpu)
    assert decided(m.since(start), "kvm_apic_accept_events") == [("no", "L1 is in VMX root operation")]
    assert has_pending_init_or_sipi(m.kvm, m.vcpu) and not init_sipi_allowed(m.kvm, m.vcpu)


def test_a_sipi_is_lost_where_nobody_waits() -> None:
    m = Machine()
    m.run("nop")
    m.kvm.events(m.vcpu).sipi = 8
    kvm_apic_accept_events(m.kvm, m.vcpu)
    assert not has_pending_init_or_sipi(m.kvm, m.vcpu)


def test_nothing_waits() -> None:
    m = Machine()
    end = m.kvm.tape.end
    kvm_apic_accept_events(m.kvm, m.vcpu)
    assert m.kvm.tape.end == end
