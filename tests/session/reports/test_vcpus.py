"""The vCPU table."""

from __future__ import annotations

from kvmdbg.machine.boot import boot
from kvmdbg.machine.eras.versions import kernel
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
