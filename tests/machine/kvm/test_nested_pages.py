"""The pages that vmcs12 names."""

from __future__ import annotations

import pytest

from kvm_support import V6_12, VMCS, Machine, decided, results
from kvmdbg.machine.hw.controls import (
    CPU_CR8_LOAD_EXITING,
    CPU_CR8_STORE_EXITING,
    CPU_HLT_EXITING,
    CPU_SECONDARY_CONTROLS,
    CPU_TPR_SHADOW,
)
from kvmdbg.machine.hw.fields import F
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
