"""vmwrite: numbers, bits, words of interruption information."""

from __future__ import annotations

import pytest

from casework import harness, observe, operation
from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.controls import CR4_PCIDE, CR4_VMXE
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.vmcs import VMCS_REVISION
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.machine.kvm.vmcs12_template import BOOT_CR0
from kvmdbg.session.cases import binding
from kvmdbg.session.cases.operations.vmwrite import vmwrite


@pytest.mark.parametrize(("step", "field", "value"), [
    ("L1: vmwrite VPID 2", F.VIRTUAL_PROCESSOR_ID, 2),
    ("L1: vmwrite TSC_OFFSET 0x0123456789abcdef", F.TSC_OFFSET, 0x0123456789ABCDEF),
    ("L1: vmwrite TSC_OFFSET_HIGH 0x76543210", F.TSC_OFFSET, 0x76543210 << 32),
    ("L1: vmwrite GUEST_CR3 ~0", F.GUEST_CR3, 2**64 - 1),
    ("L1: vmwrite GUEST_CR3 good", F.GUEST_CR3, binding.L2_ROOT),
    ("L1: vmwrite GUEST_CR3 as it is", F.GUEST_CR3, binding.L2_ROOT),
    ("L1: vmwrite CR3_TARGET_COUNT N+1", F.CR3_TARGET_COUNT, 1),
    ("L1: vmwrite EPTP bit 6 = 1", F.EPT_POINTER, binding.EPT_ROOT | 0x5E),
    ("L1: vmwrite EPTP bit 1 = 0", F.EPT_POINTER, binding.EPT_ROOT | 0x1C),
    ("L1: vmwrite EPTP with bits 2:0 = 3", F.EPT_POINTER, binding.EPT_ROOT | 0x1B),
    ("L1: vmwrite ENTRY_INTR_INFO valid | type 3 | error-code flag 1 | 13", F.VM_ENTRY_INTR_INFO_FIELD, 0x8000_0B0D),
    ("L1: vmwrite ENTRY_INTR_INFO valid|hw-exception|1", F.VM_ENTRY_INTR_INFO_FIELD, 0x8000_0301),
    ("L1: vmwrite ENTRY_INTR_INFO valid | type 1 | vector 0", F.VM_ENTRY_INTR_INFO_FIELD, 0x8000_0100),
    ("L1: GUEST_DR7 = 1 << 32", F.GUEST_DR7, 1 << 32),
    ("L1: vmwrite GUEST_CR3 any", F.GUEST_CR3, 2**64 - 1), ("L1: vmwrite TPR_THRESHOLD any", F.TPR_THRESHOLD, 2**32 - 1),
    ("L1: GUEST_CR3 old value | 0xffc", F.GUEST_CR3, binding.L2_ROOT | 0xFFC),
    ("L1: vmwrite GUEST_CR3 old | 0xffc", F.GUEST_CR3, binding.L2_ROOT | 0xFFC),
    ("L1: vmwrite GUEST_CR3 old ^ 1 << 52", F.GUEST_CR3, binding.L2_ROOT | 1 << 52),
    ("L1: vmwrite EPTP old &~ 0x18", F.EPT_POINTER, binding.EPT_ROOT | 6),
    ("L1: HOST_CR0: a bit that FIXED1 forbids", F.HOST_CR0, BOOT_CR0 | 1 << 32),
    ("L1: HOST_CR0: a bit that FIXED0 demands cleared", F.HOST_CR0, BOOT_CR0 & ~1),
    ("L1: EXC_BITMAP 0x4000", F.EXCEPTION_BITMAP, 0x4000),
])
def test_values(step: str, field: int, value: int) -> None:
    h = harness()
    vmwrite(h, *operation(step))
    assert vmcs12.get(h.kvm, h.vcpu, field) == value


def test_bits_of_a_control_register_field() -> None:
    h = harness()
    old = vmcs12.get(h.kvm, h.vcpu, F.HOST_CR4)
    vmwrite(h, *operation("L1: HOST_CR4: VMXE cleared"))
    assert vmcs12.get(h.kvm, h.vcpu, F.HOST_CR4) == old & ~CR4_VMXE
    vmwrite(h, *operation("L1: HOST_CR4.VMXE = 1"))
    vmwrite(h, *operation("L1: vmwrite HOST_CR4 |= PCIDE"))
    assert vmcs12.get(h.kvm, h.vcpu, F.HOST_CR4) == old | CR4_PCIDE
    vmwrite(h, *operation("L1: vmwrite HOST_CR4 &= ~PCIDE"))
    assert vmcs12.get(h.kvm, h.vcpu, F.HOST_CR4) == old


@pytest.mark.parametrize("step", ["L1: vmwrite VPID", "L1: vmwrite VPID 2 x=3", "L1: vmwrite FROB 1", "L1: vmwrite VPID soon",
                                  "L1: vmwrite VPID a bit that FIXED1 forbids",

                                  "L1: vmwrite ENTRY_INTR_INFO valid | loud noise", "L1: vmwrite CR3_TARGET_COUNT 1 - 2"])
def test_other_forms_are_unsupported(step: str) -> None:
    with pytest.raises(Unsupported):
        vmwrite(harness(), *operation(step))


def test_a_memory_operand_and_a_field_of_the_case() -> None:
    h = harness()
    h.player.poke(binding.DESCRIPTOR, 0x7000)
    vmwrite(h, *operation("L1: vmwrite memory, GUEST_CR3"))
    assert vmcs12.get(h.kvm, h.vcpu, F.GUEST_CR3) == 0x7000
    vmwrite(h, *operation("L1: vmwrite field GUEST_CR3 value 0x8000"))
    assert vmcs12.get(h.kvm, h.vcpu, F.GUEST_CR3) == 0x8000
    vmwrite(h, *operation("L1: vmwrite field=GUEST_CR3 value=0x9000"))
    assert vmcs12.get(h.kvm, h.vcpu, F.GUEST_CR3) == 0x9000


def test_a_link_pointer() -> None:
    h = harness()
    vmwrite(h, *operation("L1: vmwrite VMCS_LINK_POINTER a cleared shadow VMCS"))
    assert vmcs12.get(h.kvm, h.vcpu, F.VMCS_LINK_POINTER) == binding.SHADOW_VMCS
    assert h.peek(binding.SHADOW_VMCS) == VMCS_REVISION | 1 << 31
    vmwrite(h, *operation("L1: vmwrite VMCS_LINK_PTR a region with another revision"))
    assert vmcs12.get(h.kvm, h.vcpu, F.VMCS_LINK_POINTER) == binding.VMCS_B
    h.field = "GUEST_CR3"
    vmwrite(h, *operation("L1: vmwrite GUEST_CR4 0x20"))
    assert vmcs12.get(h.kvm, h.vcpu, F.GUEST_CR4) == 0x20


@pytest.mark.parametrize(("text", "field", "value"), [
    ("GUEST_RFLAGS TF=1 IF=1", "GUEST_RFLAGS", 0x302), ("GUEST_RFLAGS TF", "GUEST_RFLAGS", 0x102),
    ("INTERRUPTIBILITY MOV-SS", "GUEST_INTERRUPTIBILITY_INFO", 2),
    ("INTERRUPTIBILITY blocking by NMI", "GUEST_INTERRUPTIBILITY_INFO", 8),
    ("PENDING_DEBUG BS|PENDING_DBG_TRAP|DR6_TRAP0", "GUEST_PENDING_DBG_EXCEPTIONS", 0x5001)])
def test_bits_by_their_names(text: str, field: str, value: int) -> None:
    assert observe(f"L1: vmwrite {text}", f"L1: vmread {field}")[1].last.value == value
