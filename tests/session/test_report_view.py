"""What reports ask of a machine."""

from __future__ import annotations

from kvmdbg.machine.hw.fields import F
from kvmdbg.session.report_view import (
    current_vpid,
    exit_text,
    hexadecimal,
    in_guest,
    loaded_field,
    regions_of,
    runs,
    since_last_stop,
    vpid_owner,
)
from looking import looking


def test_numbers_are_hexadecimal_without_a_prefix() -> None:
    assert [hexadecimal(255), hexadecimal(-1), hexadecimal(0, 0)] == ["ff", "-", "-"]


def test_exit_reasons_in_words() -> None:
    assert exit_text(53) == "53 INVVPID"
    assert exit_text(33 | 1 << 31) == "failed entry 33 INVALID_STATE"


def test_in_and_out_of_the_guest() -> None:
    s = looking()
    vcpu = s.kvm.vcpus[0]
    assert in_guest(s.kvm, vcpu) and runs(s.kvm, vcpu) == "L1" and current_vpid(s.kvm, vcpu) == 1
    s.tape.seek(0)
    assert not in_guest(s.kvm, vcpu) and runs(s.kvm, vcpu) == "L0" and current_vpid(s.kvm, vcpu) == 1
    assert loaded_field(s.kvm, vcpu, F.GUEST_CR3) == 0x1000
    assert list(regions_of(s.kvm, vcpu)) == ["vmcs01"]


def test_whose_a_vpid_is() -> None:
    s = looking("v4.4")
    owner = vpid_owner(s.kvm)
    vcpu = s.kvm.vcpus[0]
    assert [owner(number) for number in (0, vcpu.vpid, vcpu.vpid02, 77)] == ["host", "vpid01", "vpid02", "freed"]


def test_changes_count_from_the_last_stop() -> None:
    s = looking("v6.12", "cpuid")
    assert since_last_stop(s).touched(s.kvm.stats)
    s.stop_position_before = s.tape.end
    assert not since_last_stop(s).touched(s.kvm.stats)
