"""The vCPU table."""

from __future__ import annotations

from kvmdbg.machine.boot import boot
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.hw.interrupts import raise_interrupt
from kvmdbg.machine.kvm.interrupts import kvm_apic_set_irq, kvm_inject_nmi
from kvmdbg.machine.kvm.state import PendingException
from kvmdbg.machine.kvm.vcpu_events import Injected
from kvmdbg.session.reports.vcpus import vcpus
from looking import Looking, looking


def cell(s: Looking, name: str) -> str:
    return vcpus(s).column(name)[0]


def test_in_the_guest() -> None:
    s = looking()
    names = ("runs", "guest", "mode", "cpu", "vpid01", "VPID")
    assert [cell(s, name) for name in names] == ["L1", "L1", "IN_GUEST_MODE", "0", "1", "1"]
    assert cell(s, "next") == "waits for an instruction"
    assert cell(s, "eptp") == f"{s.kvm.hw.cpus[0].eptp:x}"
    assert vcpus(s).rows[0].mark == ">"


def test_before_anything_ran() -> None:
    s = Looking(boot(kernel("v6.12")))
    assert [cell(s, name) for name in ("runs", "cpu", "VPID", "cr3", "next")] == ["L0", "-", "1", "1000", "vcpu_load"]


def test_halted() -> None:
    s = looking("v6.12", "hlt")
    assert cell(s, "next") == "HALTED"
    assert cell(s, "runs") == "L0"


def test_the_next_instruction_is_named() -> None:
    s = looking("v6.12", "nop", "load 0x5000")
    s.tape.seek(s.stop_position_before + 1)
    assert cell(s, "next") == "nop"


def test_what_waits_for_the_guest_and_at_its_processor() -> None:
    s = looking()
    assert cell(s, "pending") == ""
    kvm_apic_set_irq(s.kvm, s.kvm.vcpus[0], 0x20)
    kvm_apic_set_irq(s.kvm, s.kvm.vcpus[0], 0x41)
    kvm_inject_nmi(s.kvm, s.kvm.vcpus[0])
    raise_interrupt(s.kvm.hw, 0, 0xF2)
    assert cell(s, "pending") == "irq 0x41, irq 0x20, NMI; cpu0: irq 0xfd, irq 0xf2"        # 0xfd: the kick


def test_what_is_being_injected_and_l2s_timer() -> None:
    s = looking()
    s.kvm.events(s.kvm.vcpus[0]).injected = Injected(0x8000_0080, 0, 0)
    s.kvm.events(s.kvm.vcpus[0]).timer = 3
    s.kvm.vcpus[0].exception = PendingException("#PF", 2, 0x5000, True)
    assert cell(s, "pending") == "#PF, inject 0x80, timer 3"
    assert vcpus(s).rows[0].style == "changed"
