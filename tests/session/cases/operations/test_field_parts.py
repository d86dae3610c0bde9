"""Parts of fields, and what a case names by the field that it is about."""

from __future__ import annotations

import pytest

from casework import harness, operation
from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.controls import CPU_CR8_LOAD_EXITING, CPU_TPR_SHADOW, CPU_USE_IO_BITMAPS
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.machine.kvm.guest_memory import kvm_read_guest
from kvmdbg.session.cases import binding
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import find


def do(h: Harness, text: str) -> None:
    op, actor = operation(f"L1: {text}")
    find(op, actor).run(h, op, actor)


def test_vtpr_is_on_the_virtual_apic_page() -> None:
    h = harness({"vmcs12": {"use_tpr_shadow": True}})
    assert vmcs12.get(h.kvm, h.vcpu, F.VIRTUAL_APIC_PAGE_ADDR) == binding.VIRTUAL_APIC
    do(h, "VTPR = 255")
    assert kvm_read_guest(h.kvm, binding.VIRTUAL_APIC + 0x80) == 0xFF


def test_one_byte_and_what_is_injected() -> None:
    h = harness()
    do(h, "one byte of HOST_PAT = 6")
    assert vmcs12.get(h.kvm, h.vcpu, F.HOST_IA32_PAT) & 0xFF == 6
    do(h, "one byte of HOST_PAT = any")
    assert vmcs12.get(h.kvm, h.vcpu, F.HOST_IA32_PAT) & 0xFF == 0xFF
    do(h, "inject #GP with error code")
    do(h, "additionally info bit 12")
    do(h, "additionally error-code bit 16")
    assert vmcs12.get(h.kvm, h.vcpu, F.VM_ENTRY_INTR_INFO_FIELD) == 0x8000_1B0D
    assert vmcs12.get(h.kvm, h.vcpu, F.VM_ENTRY_EXCEPTION_ERROR_CODE) == 1 << 16


@pytest.mark.parametrize(("field", "bits"), [("IO_BITMAP_B", CPU_USE_IO_BITMAPS),
                                             ("VIRTUAL_APIC_ADDR", CPU_TPR_SHADOW | CPU_CR8_LOAD_EXITING)])
def test_the_address_and_its_control(field: str, bits: int) -> None:
    h = harness()
    h.field = field
    do(h, "control enabled")
    do(h, "vmwrite the address 0x1000")
    assert vmcs12.get(h.kvm, h.vcpu, F.CPU_BASED_VM_EXEC_CONTROL) & bits == bits
    do(h, "vmwrite the address any of the above")
    do(h, "control disabled")
    assert not vmcs12.get(h.kvm, h.vcpu, F.CPU_BASED_VM_EXEC_CONTROL) & bits & ~CPU_CR8_LOAD_EXITING


@pytest.mark.parametrize("text", ["VTPR soon", "one fine day", "control enabled", "inject #GP", "inject #XX with error code",
                                  "additionally info byte 1"])
def test_other_words_are_unsupported(text: str) -> None:
    with pytest.raises(Unsupported):
        do(harness(), text)
