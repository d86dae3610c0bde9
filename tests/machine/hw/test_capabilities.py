"""The VMX capability MSRs."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw import capabilities, controls
from kvmdbg.machine.hw.capabilities import NUMBERS, control_caps, vmx_ept_vpid_cap, vmx_misc, vmx_msrs
from kvmdbg.machine.hw.state import Caps
from kvmdbg.machine.hw.vmcs import VMCS_REVISION


@pytest.mark.parametrize(("caps", "missing"), [
    (Caps(ept=False), controls.SEC_ENABLE_EPT | controls.SEC_UNRESTRICTED_GUEST), (Caps(vpid=False), controls.SEC_ENABLE_VPID),
    (Caps(unrestricted_guest=False), controls.SEC_UNRESTRICTED_GUEST), (Caps(invpcid=False), controls.SEC_ENABLE_INVPCID),
    (Caps(vmfunc=False), controls.SEC_ENABLE_VMFUNC), (Caps(shadow_vmcs=False), controls.SEC_SHADOW_VMCS),
    (Caps(apic_accesses=False), controls.SEC_VIRTUALIZE_APIC_ACCESSES)])
def test_what_the_processor_lacks_is_not_offered(caps: Caps, missing: int) -> None:
    assert control_caps(Caps()).sec.allowed_1 & ~control_caps(caps).sec.allowed_1 == missing
    assert vmx_msrs(caps)[capabilities.IA32_VMX_PROCBASED_CTLS2] >> 32 == control_caps(caps).sec.allowed_1


def test_virtual_interrupts_are_offered_when_asked_for() -> None:
    more = control_caps(Caps(virtual_interrupts=True)).sec.allowed_1 & ~control_caps(Caps()).sec.allowed_1
    assert more == controls.SEC_VIRTUAL_INTR_DELIVERY


def test_what_the_model_lacks_is_not_offered() -> None:
    offered = control_caps(Caps())
    assert not offered.cpu.allowed_1 & controls.CPU_TERTIARY_CONTROLS
    assert not offered.pin.allowed_1 & controls.PIN_POSTED_INTERRUPTS
    assert not offered.sec.allowed_1 & controls.SEC_ENABLE_PML


@pytest.mark.parametrize(("word", "default1", "required"), [
    ("PINBASED", 0x16, 0x16), ("PROCBASED", 0x0401_E172, 0x0400_6172), ("EXIT", 0x3_6DFF, 0x3_6DFB), ("ENTRY", 0x11FF, 0x11FB)])
def test_the_true_msrs_free_the_default1_controls_that_have_a_meaning(word: str, default1: int, required: int) -> None:
    found = vmx_msrs(Caps())
    old, true = found[NUMBERS[f"IA32_VMX_{word}_CTLS"]], found[NUMBERS[f"IA32_VMX_TRUE_{word}_CTLS"]]
    assert old & 0xFFFF_FFFF == default1 and true & 0xFFFF_FFFF == required
    assert old >> 32 == true >> 32 and old >> 32 & default1 == default1


def test_vmx_basic() -> None:
    basic = vmx_msrs(Caps())[capabilities.IA32_VMX_BASIC]
    assert (basic & 0x7FFF_FFFF, basic >> 31 & 1, basic >> 32 & 0x1FFF) == (VMCS_REVISION, 0, 0x1000)
    assert (basic >> 48 & 1, basic >> 50 & 0xF, basic >> 55 & 1) == (0, 6, 1)
    assert vmx_msrs(Caps(), 7)[capabilities.IA32_VMX_BASIC] & 0x7FFF_FFFF == 7


def bits(*numbers: int) -> int:
    return sum(1 << number for number in numbers)


@pytest.mark.parametrize(("caps", "value"), [
    (Caps(), bits(0, 6, 8, 14, 16, 17, 20, 21, 25, 26, 32, 40, 41, 42, 43)),
    (Caps(ept_execute_only=False, ept_ad=False, ept_1g=False, invept_types=(1,)), bits(6, 8, 14, 16, 20, 25, 32, 40, 41, 42, 43)),
    (Caps(ept=False, invvpid_types=(1, 2)), bits(32, 41, 42)),
    (Caps(vpid=False, ept_2m=False, invept_types=()), bits(0, 6, 8, 14, 17, 21))])
def test_ept_and_vpid(caps: Caps, value: int) -> None:
    assert vmx_ept_vpid_cap(caps) == value == vmx_msrs(caps)[capabilities.IA32_VMX_EPT_VPID_CAP]


def test_what_is_not_there_has_no_msr() -> None:
    assert set(vmx_msrs(Caps())) == set(NUMBERS.values())
    assert set(NUMBERS.values()) - set(vmx_msrs(Caps(ept=False, vpid=False, vmfunc=False))) == {0x48C, 0x491}


def test_misc_fixed_bits_and_enumeration() -> None:
    found = vmx_msrs(Caps(la57=True))
    assert vmx_misc(Caps()) == 1 << 29 | 4 << 16 | 1 << 6 | 1 << 5
    assert vmx_misc(Caps(unrestricted_guest=False, vmwrite_any_field=False)) == 4 << 16 | 1 << 6
    assert found[capabilities.IA32_VMX_CR0_FIXED0] == controls.CR0_PE | controls.CR0_NE | controls.CR0_PG
    assert found[capabilities.IA32_VMX_CR4_FIXED0] == controls.CR4_VMXE
    assert found[capabilities.IA32_VMX_CR4_FIXED1] & controls.CR4_LA57
    assert not vmx_msrs(Caps())[capabilities.IA32_VMX_CR4_FIXED1] & controls.CR4_LA57
    assert found[capabilities.IA32_VMX_VMCS_ENUM] & 1 == 0 and found[capabilities.IA32_VMX_VMCS_ENUM] >> 10 == 0
    assert found[capabilities.IA32_FEATURE_CONTROL] == 5
