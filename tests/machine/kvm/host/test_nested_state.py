"""host nested-state."""

from __future__ import annotations

import pytest

from kvm_support import L2_PAGE, Machine, exits, of, values
from kvmdbg.errors import UserError
from kvmdbg.machine.kvm.events import Ioctl
from kvmdbg.machine.kvm.state import INVALID_GPA


def test_l2_goes_on_where_it_was() -> None:
    m = Machine().start()
    before = values(m.run(f"load {L2_PAGE:#x}"))
    m.host("nested-state save")
    assert of(m.host("nested-state restore"), Ioctl) == [Ioctl(0, "KVM_SET_NESTED_STATE", "ok")]
    assert values(m.run(f"load {L2_PAGE:#x}")) == before
    assert exits(m.run("vmcall"))[-1] == 18
    assert not m.vcpu.guest_mode


def test_without_a_save_it_ends_nesting() -> None:
    m = Machine().start()
    assert of(m.host("nested-state restore"), Ioctl) == [Ioctl(0, "KVM_SET_NESTED_STATE", "ok")]
    assert (m.vcpu.guest_mode, m.vcpu.vmxon, m.vcpu.current_vmptr) == (False, False, INVALID_GPA)
    m.run("nop")


@pytest.mark.parametrize("change", ["flags=0xf", "size=0", "format=1", "smm_flags=1", "vmxon_pa=1", "vmx_flags=0x100"])
def test_what_user_space_changed_may_be_refused(change: str) -> None:
    m = Machine().start()
    m.host("nested-state save")
    assert of(m.host(f"nested-state restore {change}"), Ioctl)[-1].result == "EINVAL"
    assert m.vcpu.guest_mode


@pytest.mark.parametrize(("name", "text"), [("v4.15", "nested-state save"), ("v6.12", "nested-state forget"),
                                            ("v6.12", "nested-state restore colour=1")])
def test_mistakes_change_nothing(name: str, text: str) -> None:
    m = Machine(name)
    end = m.kvm.tape.end
    with pytest.raises(UserError):
        m.host(text)
    assert m.kvm.tape.end == end
