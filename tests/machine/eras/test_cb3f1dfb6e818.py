"""b3f1dfb6e818: VM entry in the shadow of MOV SS."""

from __future__ import annotations

import pytest

from kvm_support import Machine, pointed, results


@pytest.mark.parametrize(("name", "result"), [("v4.4", []), ("b3f1dfb6e818^", []), ("b3f1dfb6e818", ["vmlaunch 26"]),
                                              ("v6.12", ["vmlaunch 26"])])
def test_it_is_refused(name: str, result: list[str]) -> None:
    m = pointed(name)
    assert results(m.run("mov ss, 0x18", "vmlaunch")) == result
    assert m.vcpu.guest_mode is not bool(result) and m.cpu.blocking == 0


def test_it_comes_before_the_launch_state_and_behind_the_vmcs() -> None:
    m = pointed()
    m.run("vmlaunch", "vmcall")
    assert results(m.run("mov ss, 0x18", "vmlaunch", "vmlaunch")) == ["vmlaunch 26", "vmlaunch 4"]
    assert results(m.run("vmclear 0x5000", "mov ss, 0x18", "vmlaunch"))[1:] == ["vmlaunch 0"]


def test_the_shadow_ends_with_an_instruction_that_kvm_emulates() -> None:
    m = Machine()
    m.run("mov ss, 0x18")
    assert m.cpu.blocking == 2
    m.run("cpuid")
    assert m.cpu.blocking == 0
