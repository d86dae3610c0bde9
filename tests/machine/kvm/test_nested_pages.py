"""The pages that vmcs12 names."""

from __future__ import annotations

import pytest

from kvm_support import EPT12, L1_PAGE, L2_PAGE, V6_12, VMCS, Machine, decided, of, results
from kvmdbg.machine.hw.controls import (
    CPU_CR8_LOAD_EXITING,
    CPU_CR8_STORE_EXITING,
    CPU_HLT_EXITING,
    CPU_SECONDARY_CONTROLS,
    CPU_TPR_SHADOW,
    SEC_ENABLE_EPT,
    SEC_VIRTUALIZE_APIC_ACCESSES,
)
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm.events import FlushAsked
from kvmdbg.machine.kvm.guest_memory import gfn_to_pfn

BASE = CPU_HLT_EXITING | CPU_SECONDARY_CONTROLS | CPU_TPR_SHADOW
NOWHERE = 0x7FFF_F000


def entered(gpa: int, controls: int = BASE, name: str = V6_12) -> tuple[Machine, list[str]]:
    m = Machine(name).given_vmx().given_l2(CPU_BASED_VM_EXEC_CONTROL=controls, VIRTUAL_APIC_PAGE_ADDR=gpa)
    m.run(f"vmptrld {VMCS:#x}")
    return m, results(m.run("vmlaunch"))


@pytest.mark.parametrize("name", ["v4.4", "v5.7", V6_12])
def test_the_virtual_apic_page_is_mapped(name: str) -> None:
    m, said = entered(0x9000, name=name)
    assert (said, m.vcpu.guest_mode) == ([], True)
    assert m.vmcs02(F.VIRTUAL_APIC_PAGE_ADDR) == gfn_to_pfn(m.kvm, 9)


def test_without_memory_the_shadow_goes_where_cr8_exits() -> None:
    m, said = entered(NOWHERE, BASE | CPU_CR8_LOAD_EXITING | CPU_CR8_STORE_EXITING)
    assert (said, m.vcpu.guest_mode) == ([], True)
    assert not m.vmcs02(F.CPU_BASED_VM_EXEC_CONTROL) & CPU_TPR_SHADOW


def test_else_the_processor_refuses_the_entry() -> None:
    m, said = entered(NOWHERE)
    assert (said, m.vcpu.guest_mode) == (["vmlaunch 7"], False)


def test_the_decision_names_the_page() -> None:
    m = Machine().given_vmx().given_l2(CPU_BASED_VM_EXEC_CONTROL=BASE, VIRTUAL_APIC_PAGE_ADDR=0x9000)
    m.run(f"vmptrld {VMCS:#x}")
    (answer, values), = decided(m.run("vmlaunch"), "nested_get_vmcs12_pages")
    assert answer == "yes" and values.startswith("gpa 0x9000, host page ")


# -- vmcs12's APIC-access page -------------------------------------------------------------------------------------------

APIC_PAGE = 0x6_0000                      # DATA of kvm_support: what L2 has at L2_PAGE


def with_apic_page(name: str = V6_12, gpa: int = APIC_PAGE, eptp: int | None = None) -> Machine:
    """In L2, which has an APIC-access page of its own and (mostly) no EPT12."""
    secondary = SEC_VIRTUALIZE_APIC_ACCESSES | (SEC_ENABLE_EPT if eptp else 0)
    m = Machine(name).given_vmx().given_l2(vpid=None, eptp=eptp, SECONDARY_VM_EXEC_CONTROL=secondary, APIC_ACCESS_ADDR=gpa)
    m.run(f"load {L1_PAGE:#x}", f"vmptrld {VMCS:#x}", "vmlaunch")
    return m


@pytest.mark.parametrize("name", ["v3.2", "v4.4", "v4.15", "v5.7", "v5.10", V6_12])
def test_an_access_of_l2_is_l1s_exit(name: str) -> None:
    m = with_apic_page(name)
    m.run(f"load {L2_PAGE + 0x80:#x}")
    assert not m.vcpu.guest_mode
    assert (m.vmread("VM_EXIT_REASON"), m.vmread("EXIT_QUALIFICATION")) == (44, 0x80)


def test_with_ept12_too() -> None:
    m = with_apic_page(eptp=EPT12)
    m.run(f"load {L2_PAGE:#x}")
    assert m.vmread("VM_EXIT_REASON") == 44


@pytest.mark.parametrize(("name", "ended"), [("v5.7", True), ("v5.7 -671ddc700fd0", False), (V6_12, True)])
def test_a_page_that_is_no_memory(name: str, ended: bool) -> None:
    m = with_apic_page(name, gpa=NOWHERE)
    assert bool(m.vcpu.exit_to_user) == ended
    assert m.vcpu.guest_mode != ended


@pytest.mark.parametrize(("name", "asked"), [("v4.4", 0), ("v4.15", 1), ("v5.7", 0), ("v5.7 -0155b2b91b26", 1), (V6_12, 0)])
def test_which_kernels_flush_for_it(name: str, asked: int) -> None:
    """I-21: fb6c81984313 to 0155b2b91b26, each way."""
    m = Machine(name).given_vmx().given_l2(vpid=None, eptp=None, SECONDARY_VM_EXEC_CONTROL=SEC_VIRTUALIZE_APIC_ACCESSES,
                                           APIC_ACCESS_ADDR=APIC_PAGE)
    m.run(f"vmptrld {VMCS:#x}")
    for events in (m.run("vmlaunch"), m.run("vmcall")):
        assert len([event for event in of(events, FlushAsked) if "APIC" in event.scope]) == asked


@pytest.mark.parametrize(("name", "asked"), [("v4.15", 0), ("a468f2dbf921^", 0), ("a468f2dbf921", 1), ("v4.3", 0), ("v6.12", 0)])
def test_without_ept_l2s_page_costs_a_flush_since_v4_18_only(name: str, asked: int) -> None:
    """a468f2dbf921: vmx_flush_tlb_ept_only() before."""
    m = Machine(name, enable_ept=False).given_vmx().given_l2(vpid=None, eptp=None, APIC_ACCESS_ADDR=APIC_PAGE,
                                                             SECONDARY_VM_EXEC_CONTROL=SEC_VIRTUALIZE_APIC_ACCESSES)
    assert len([event for event in of(m.enter(), FlushAsked) if "APIC" in event.scope]) == asked
