"""Nested state, saved and restored."""

from __future__ import annotations

import pytest

from kvm_support import L2_PAGE, SHADOW_VMCS, V6_12, VMCS, VMXON_REGION, Machine, flushes, names, of, served, shadowing
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.machine.kvm.events import Ioctl, NestedEntered, NestedExited, NestedLeft
from kvmdbg.machine.kvm.nested_state import (
    GUEST_MODE,
    HEADER,
    MTF_PENDING,
    OFF,
    RUN_PENDING,
    SMM_GUEST_MODE,
    SMM_VMXON,
    VMCS12_SIZE,
    kvm_set_nested_state,
    vmx_get_nested_state,
    vmx_leave_nested,
    vmx_set_nested_state,
)
from kvmdbg.machine.kvm.state import INVALID_GPA, NestedState
from kvmdbg.machine.kvm.user_space import leave_kvm_run

KERNELS = ("v5.7", "v5.8", "v5.10", "v5.14", V6_12)


def saved(m: Machine) -> NestedState:
    leave_kvm_run(m.kvm, m.vcpu)
    return vmx_get_nested_state(m.kvm, m.vcpu)


def test_what_is_saved() -> None:
    assert saved(Machine()) == OFF
    m = Machine().given_vmx()
    assert saved(m)[:5] == (0, HEADER, 0, VMXON_REGION, INVALID_GPA)
    m.given_l2().enter()
    state = saved(m)
    assert state[:5] == (0, HEADER + VMCS12_SIZE, GUEST_MODE, VMXON_REGION, VMCS)
    assert dict(state.vmcs12)[F.GUEST_CR3] == 0x4_0000


def test_l2s_registers_come_from_vmcs02() -> None:
    m = Machine().start()
    m.run("nop")
    assert dict(saved(m).vmcs12)[F.GUEST_RIP] == 0x20_0001


def test_an_entry_that_has_not_run_yet_is_pending() -> None:
    m = Machine().given_vmx().given_l2()
    m.run(f"vmptrld {VMCS:#x}")
    m.program("vmlaunch")
    m.step_to("handle_exit")
    m.step()
    assert vmx_get_nested_state(m.kvm, m.vcpu).flags == GUEST_MODE | RUN_PENDING


@pytest.mark.parametrize("name", KERNELS)
def test_restored_into_l2_the_pages_come_first(name: str) -> None:
    """E.7: the request is served before all others; the transition flushes as at any nested entry."""
    m = Machine(name).start()
    m.run(f"load {L2_PAGE:#x}")
    state = saved(m)
    start = m.kvm.tape.cursor
    assert vmx_set_nested_state(m.kvm, m.vcpu, state) == ""
    assert names(of(m.since(start), NestedLeft, NestedExited, NestedEntered)) == ["NestedLeft", "NestedEntered"]
    request = m.kvm.era.nested_state_pages_request()
    assert request in m.pending()
    events = m.run(f"load {L2_PAGE:#x}")
    assert served(events)[0] == request
    assert flushes(events)
    assert m.vcpu.guest_mode


def test_free_nested_forgets_the_request() -> None:
    m = Machine().start()
    state = saved(m)
    vmx_set_nested_state(m.kvm, m.vcpu, state)
    vmx_leave_nested(m.kvm, m.vcpu)
    assert "GET_NESTED_STATE_PAGES" not in m.pending()
    assert (m.vcpu.vmxon, m.vcpu.guest_mode) == (False, False)


GOOD = NestedState(0, HEADER + VMCS12_SIZE, 0, 0x1000, 0x2000, 0, 0, ())


@pytest.mark.parametrize(("changes", "result"), [
    ({"size": 0}, "EINVAL"), ({"flags": 0xF}, "EINVAL"), ({"flags": RUN_PENDING}, "EINVAL"), ({"format": 1}, "EINVAL"),
    ({"size": HEADER}, "EINVAL"), ({"size": HEADER, "vmcs12_pa": INVALID_GPA}, ""), ({"vmx_flags": 0xFFFF_FFFF}, "EINVAL"),
    ({"vmxon_pa": INVALID_GPA, "vmcs12_pa": INVALID_GPA}, ""),
    ({"vmxon_pa": INVALID_GPA, "vmcs12_pa": INVALID_GPA, "smm_flags": 1}, "EINVAL"), ({"vmxon_pa": INVALID_GPA}, "EINVAL"),
    ({"vmxon_pa": 1}, "EINVAL"), ({"vmxon_pa": 0, "vmcs12_pa": 0}, "EINVAL"),
    ({"flags": GUEST_MODE | RUN_PENDING, "smm_flags": SMM_GUEST_MODE}, "EINVAL"),
    ({"smm_flags": ~(SMM_GUEST_MODE | SMM_VMXON) & 0xFFFF}, "EINVAL"), ({"smm_flags": SMM_GUEST_MODE}, "EINVAL")])
def test_what_is_refused(changes: dict[str, int], result: str) -> None:
    """vmx_set_nested_state_test.c of the selftests."""
    m = Machine()
    assert kvm_set_nested_state(m.kvm, m.vcpu, GOOD._replace(**changes)) == result     # type: ignore[arg-type]


def test_a_pointer_to_nothing() -> None:
    m = Machine()
    assert kvm_set_nested_state(m.kvm, m.vcpu, None) == "EFAULT"


def test_a_pending_monitor_trap_goes_along() -> None:
    m = Machine().start()
    state = saved(m)
    assert kvm_set_nested_state(m.kvm, m.vcpu, state._replace(flags=GUEST_MODE | MTF_PENDING)) == ""
    assert saved(m).flags == GUEST_MODE | MTF_PENDING
    events = m.run("nop")
    assert [event.reason for event in of(events, NestedExited)] == [37]


def test_a_vmcs12_of_another_revision_is_refused_late() -> None:
    m = Machine().start()
    state = saved(m)
    assert vmx_set_nested_state(m.kvm, m.vcpu, state._replace(vmcs12=())) == "EINVAL"
    assert not m.vcpu.guest_mode


def test_a_bad_control_is_refused_late() -> None:
    m = Machine().start()
    state = saved(m)
    members = dict(state.vmcs12) | {F.VIRTUAL_PROCESSOR_ID: 0}
    assert vmx_set_nested_state(m.kvm, m.vcpu, state._replace(vmcs12=tuple(members.items()))) == "EINVAL"
    assert not m.vcpu.guest_mode


def test_without_nesting_there_is_nothing_to_restore() -> None:
    m = Machine(nested=False)
    assert vmx_set_nested_state(m.kvm, m.vcpu, GOOD) == "EINVAL"


def test_the_shadow_vmcs_of_an_l2_is_part_of_the_state() -> None:
    m = shadowing()
    m.run("vmwrite TSC_OFFSET, 7")
    m.host("nested-state save")
    saved = m.vcpu.saved_nested_state
    assert saved is not None
    assert (saved.size, dict(saved.shadow_vmcs12)[F.TSC_OFFSET], F.TSC_OFFSET in dict(saved.vmcs12)) == (128 + 2 * 0x1000, 7, False)
    m.host("nested-state restore")
    assert (m.vcpu.guest_mode, m.vmread("TSC_OFFSET")) == (True, 7)
    m.run("vmcall")
    assert vmcs12.read_guest(m.kvm, SHADOW_VMCS, F.TSC_OFFSET) == 7


@pytest.mark.parametrize("change", [f"size={128 + 0x1000}", "shadow"])
def test_a_state_without_the_shadow_vmcs_that_vmcs12_names_is_refused(change: str) -> None:
    m = shadowing()
    m.host("nested-state save")
    if change == "shadow" and m.vcpu.saved_nested_state is not None:
        m.vcpu.saved_nested_state = m.vcpu.saved_nested_state._replace(shadow_vmcs12=())
        change = ""
    events = m.host(f"nested-state restore {change}")
    assert of(events, Ioctl) == [Ioctl(0, "KVM_SET_NESTED_STATE", "EINVAL")]
    assert not m.vcpu.guest_mode
