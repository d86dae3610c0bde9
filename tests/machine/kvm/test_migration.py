"""A vCPU saved whole and restored into a new VM."""

from __future__ import annotations

from typing import Any

import pytest

from events_support import ALL, in_l2, rounds, story
from kvm_support import EPT12, L1_PAGE, L2_PAGE, V6_12, VMCS, Machine, entered, flushes, made, of, values
from kvmdbg.errors import UserError
from kvmdbg.machine.hw.events import Hit, Invalidated, VmEntered
from kvmdbg.machine.kvm.events import NestedEntered, NestedExited, VpidAllocated, VpidFreed
from kvmdbg.machine.kvm.state import INVALID_PAGE
from kvmdbg.machine.kvm.vmx_control_registers import kvm_read_cr3

NESTED = ("v5.7", "v5.8", "v5.10", "v5.13", "v5.14", "v5.16", V6_12)


def moved(m: Machine) -> None:
    m.host("save")
    m.host("restore")


def seen(m: Machine) -> tuple[Any, ...]:
    """What the guest can tell."""
    cpu = m.cpu
    cr3 = kvm_read_cr3(m.kvm, m.vcpu)
    return (cpu.rip, cpu.rsp, cpu.rflags, cpu.cr0, cr3, cpu.cr4, cpu.efer, cpu.descriptors, cpu.rax, cpu.blocking)


@pytest.mark.parametrize("enable_ept", [True, False])
@pytest.mark.parametrize("name", ALL)
def test_l1_goes_on_where_it_was(name: str, enable_ept: bool) -> None:
    m = Machine(name, enable_ept=enable_ept)
    m.map("L1", L1_PAGE, L1_PAGE)
    m.poke(L1_PAGE, 0x77)
    m.run(f"load {L1_PAGE:#x}", "sti", "cpuid")
    before = seen(m)
    m.host("save")
    events = m.host("restore")
    freed, given = ([event.vpid for event in of(events, kind)] for kind in (VpidFreed, VpidAllocated))
    assert freed == given and freed[0] == 1
    assert "TLB_FLUSH" in made(events), "the VMCS is new to the processor"
    assert m.root_mmu.root.hpa == INVALID_PAGE and len(m.kvm.shadow_pages) == 0
    rounds(m)
    assert seen(m) == before
    assert values(m.run(f"load {L1_PAGE:#x}")) == [0x77]


@pytest.mark.parametrize("enable_ept", [True, False])
@pytest.mark.parametrize("name", NESTED)
def test_l2_goes_on_where_it_was_and_exits_to_l1(name: str, enable_ept: bool) -> None:
    m = Machine(name, enable_ept=enable_ept).given_vmx()
    m.given_l2(eptp=EPT12 if enable_ept else None).enter()
    m.run(f"store {L2_PAGE:#x} 0x1234", "nop")
    before = seen(m)
    m.host("save")
    events = m.host("restore")
    assert len(of(events, NestedEntered)) == 1 and m.vcpu.guest_mode
    assert (m.vcpu.vmxon, m.vcpu.current_vmptr, m.vcpu.last_vpid) == (True, VMCS, 1)
    events = rounds(m)[1]
    assert flushes(events), "every context, as vmcs01 and vmcs02 are new"
    assert seen(m) == before
    assert values(m.run(f"load {L2_PAGE:#x}")) == [0x1234]
    assert [event.reason for event in of(m.run("vmcall"), NestedExited)] == [18]
    assert m.vmread("VM_EXIT_REASON") == 18
    m.run("vmresume")
    assert m.vcpu.guest_mode


def test_nothing_of_the_old_vm_is_used() -> None:
    m = in_l2(V6_12)
    m.run(f"load {L2_PAGE:#x}")
    moved(m)
    events = rounds(m)[1] + m.run(f"load {L2_PAGE:#x}")
    assert flushes(events)[0] == "invept all-context"
    first = next(i for i, event in enumerate(events) if isinstance(event, Invalidated))
    assert not of(events[:first], Hit, VmEntered) and entered(events)


def test_what_waits_goes_along() -> None:
    m = in_l2(V6_12)
    m.host("events nmi_pending=1")
    moved(m)
    assert story(rounds(m)[1])[0] == "L1 sees 0"
    assert m.vmread("VM_EXIT_INTR_INFO") == 0x8000_0202


def test_in_smm_with_l2_below() -> None:
    m = in_l2(V6_12)
    rip = m.cpu.rip
    m.host("smi")
    m.run("nop")
    moved(m)
    assert (m.vcpu.smm, m.vcpu.smm_vmxon, m.vcpu.smm_guest_mode, m.vcpu.guest_mode) == (True, True, True, False)
    rounds(m)
    m.run("nop", "rsm")
    assert (m.vcpu.smm, m.vcpu.guest_mode, m.cpu.rip) == (False, True, rip)


def test_a_halted_vcpu_stays_halted() -> None:
    m = Machine()
    m.run("sti", "hlt")
    moved(m)
    assert rounds(m)[1] == []
    m.host("irq 0x20")
    assert "deliver 0x20" in story(rounds(m)[1])


def test_before_v4_19_the_state_of_nesting_cannot_be_saved() -> None:
    m = Machine("v4.15").given_vmx()
    with pytest.raises(UserError):
        m.host("save")


def test_everything_is_undone_by_going_back() -> None:
    m = in_l2(V6_12)
    place = m.kvm.tape.cursor
    before = (m.vcpu.requests, m.vcpu.vmcs02, m.vcpu.todo, len(m.kvm.shadow_pages))
    moved(m)
    rounds(m)
    m.kvm.tape.seek(place)
    assert (m.vcpu.requests, m.vcpu.vmcs02, m.vcpu.todo, len(m.kvm.shadow_pages)) == before


def test_the_counter_goes_on_where_it_was() -> None:
    m = Machine()
    m.run("wrmsr IA32_TIME_STAMP_COUNTER, 0x1000")
    m.host("save")
    m.host("restore")
    m.run("rdtsc")
    assert m.cpu.rax == 0x1001
