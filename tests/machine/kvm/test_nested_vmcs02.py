"""vmcs02: when it is new, and what it takes from L0 and from vmcs12 (E.2)."""

from __future__ import annotations

import pytest

from kvm_support import (
    KERNELS,
    L2_CR3,
    V4_4,
    V6_12,
    VMXON_REGION,
    Machine,
    of,
    since,
    two_l2s,
)
from kvmdbg.machine.hw.controls import CPU_CR3_LOAD_EXITING, CPU_HLT_EXITING, CPU_SECONDARY_CONTROLS
from kvmdbg.machine.hw.events import Delivered, VmEntered
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm.events import (
    RequestMade,
)

OTHER_CR3 = L2_CR3 + 0x1_0000


@pytest.mark.parametrize("name", KERNELS)
def test_the_first_nested_entry_flushes_everything_for_vmcs02(name: str) -> None:
    """J.2.4; and again after VMXOFF and VMXON, which make a new vmcs02."""
    m = two_l2s(name)
    by = [(event.name, event.by) for event in of(m.since(0), RequestMade)]
    assert by.count(("TLB_FLUSH", "vmx_vcpu_load_vmcs")) == 2
    assert "vmx_vcpu_load_vmcs" not in [event.by for event in of(m.run("vmresume", "vmcall"), RequestMade)]
    m.run("vmxoff", f"vmxon {VMXON_REGION:#x}")
    assert "vmx_vcpu_load_vmcs" in [event.by for event in of(m.enter(), RequestMade)]


@pytest.mark.parametrize("name", KERNELS)
def test_a_vmcs02_made_anew_remembers_nothing(name: str) -> None:
    m = two_l2s(name)
    m.run("vmxoff", f"vmxon {VMXON_REGION:#x}")
    assert [key for key in m.kvm.hw.vmcs if key[0] == m.vcpu.vmcs02] == []


@pytest.mark.parametrize("name", KERNELS)
def test_vmcs02_has_l0s_controls_and_l1s(name: str) -> None:
    wanted = CPU_HLT_EXITING | CPU_SECONDARY_CONTROLS | CPU_CR3_LOAD_EXITING
    m = Machine(name).given_vmx().given_l2(CPU_BASED_VM_EXEC_CONTROL=CPU_SECONDARY_CONTROLS | CPU_CR3_LOAD_EXITING,
                                           EXCEPTION_BITMAP=1 << 14)
    m.enter()
    assert m.vmcs02(F.CPU_BASED_VM_EXEC_CONTROL) & wanted == wanted
    assert m.vmcs02(F.EXCEPTION_BITMAP) == 1 << 14 | 1 << 6


def test_the_vpid_of_l2_depends_on_kernel_and_vmcs12() -> None:
    found = {}
    for name in KERNELS:
        for vpid in (None, 5):
            m = Machine(name).given_vmx().given_l2(vpid=vpid)
            (event,) = of(m.enter(), VmEntered)
            found[name, vpid] = event.vpid
    assert found == {(name, vpid): 2 if vpid and name in since(V4_4) else 1 for name in KERNELS for vpid in (None, 5)}


@pytest.mark.parametrize("name", KERNELS)
def test_an_event_of_vmcs12_is_delivered_to_l2_once(name: str) -> None:
    m = Machine(name).given_vmx().given_l2(VM_ENTRY_INTR_INFO_FIELD=0x8000_0306)
    assert [(event.vector, event.type) for event in of(m.enter(), Delivered)] == [(6, 3)]
    m.run("vmcall")
    assert m.vmread("VM_ENTRY_INTR_INFO_FIELD") == 0x306
    assert of(m.run("vmresume"), Delivered) == []


@pytest.mark.parametrize(("name", "seen"), [
    ("v4.15", L2_CR3), ("v5.7 -04f11ef45810", L2_CR3), ("v5.7", OTHER_CR3), (V6_12, OTHER_CR3)])
def test_the_cr3_of_an_l2_that_never_ran_is_what_l1_gave_it(name: str, seen: int) -> None:
    """A halted L2 exits before its root is loaded; until 04f11ef45810 vmcs12 then got the CR3 of the run before."""
    m = Machine(name).start()
    m.run("vmcall", "vmwrite GUEST_ACTIVITY_STATE, 1", f"vmwrite GUEST_CR3, {OTHER_CR3:#x}", "vmresume")
    m.host("irq 0x31")
    m.run("nop")
    assert not m.vcpu.guest_mode
    assert m.vmread("GUEST_CR3") == seen
