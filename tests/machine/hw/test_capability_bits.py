"""The capability MSRs bit by bit, and processors by their values."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from kvmdbg.machine.hw import capabilities as cap
from kvmdbg.machine.hw.capability_bits import MAY_BE_1, MUST_BE_0, MUST_BE_1, NUMBERS, decode, with_msr
from kvmdbg.machine.hw.state import Caps
from kvmdbg.machine.hw.vmcs import VMCS_REVISION

MSRS = cap.vmx_msrs(Caps(), VMCS_REVISION)
MANY = Caps(la57=True, posted_interrupts=True, virtual_interrupts=True, x2apic_mode=True, mode_based_execute=True,
            no_error_code_check=True, zero_length_injection=True, cr3_targets=3, ept_uc=False, invvpid_types=(1,))


@pytest.mark.parametrize("caps", [Caps(), MANY, Caps(ept=False, vpid=False, vmfunc=False)], ids=["usual", "many", "few"])
@pytest.mark.parametrize("name", NUMBERS)
def test_a_processor_that_is_given_its_own_value_stays_as_it_is(name: str, caps: Caps) -> None:
    value = cap.vmx_msrs(caps, VMCS_REVISION).get(NUMBERS[name])
    assert value is None or with_msr(caps, NUMBERS[name], value, VMCS_REVISION) == caps


@pytest.mark.parametrize("name", NUMBERS)
def test_every_line_says_what_the_value_has(name: str) -> None:
    value, lines = MSRS[NUMBERS[name]], decode(NUMBERS[name], MSRS[NUMBERS[name]])
    assert lines and len({line.bits for line in lines}) == len(lines)
    for line in lines:
        high, _, low = line.bits.partition(":")
        bit, width = int(low or high), int(high) - int(low or high) + 1
        if "CTLS" in name:
            assert line.setting == (MUST_BE_1 if value >> bit & 1 else MAY_BE_1 if value >> 32 + bit & 1 else MUST_BE_0)
        else:
            assert int(line.setting, 16) == value >> bit & (1 << width) - 1


def test_decoded_lines() -> None:
    pin = {line.name: line for line in decode(cap.IA32_VMX_TRUE_PINBASED_CTLS, MSRS[cap.IA32_VMX_TRUE_PINBASED_CTLS])}
    assert (pin["NMI_EXITING"].bits, pin["NMI_EXITING"].setting) == ("3", MAY_BE_1)
    assert (pin["(default1)"].setting, pin["POSTED_INTERRUPTS"].setting) == (MUST_BE_1, MUST_BE_0)
    assert ("24:16", "CR3-target values", "4") in decode(cap.IA32_VMX_MISC, MSRS[cap.IA32_VMX_MISC])
    assert ("60", "reserved", "1") in decode(cap.IA32_VMX_EPT_VPID_CAP, 1 << 60)


@pytest.mark.parametrize(("name", "flip", "changes"), [
    ("IA32_VMX_EPT_VPID_CAP", 1 << 21 | 1 << 0, {"ept_ad": False, "ept_execute_only": False}),
    ("IA32_VMX_EPT_VPID_CAP", 1 << 40 | 1 << 25, {"invvpid_types": (1, 2, 3), "invept_types": (2,)}),
    ("IA32_VMX_EPT_VPID_CAP", 0xF01 << 32, {"invvpid_types": ()}), ("IA32_VMX_VMFUNC", 1, {"eptp_switching": False}),
    ("IA32_VMX_MISC", 4 << 16 | 1 << 30, {"cr3_targets": 0, "zero_length_injection": True}),
    ("IA32_VMX_BASIC", 1 << 56, {"no_error_code_check": True}),
    ("IA32_VMX_BASIC", 1 << 55, {"true_controls": False, "required": (0x16, 0x0401_E172, 0x3_6DFF, 0x11FF)}),
    ("IA32_VMX_PROCBASED_CTLS2", 1 << 37, {"vpid": False}), ("IA32_VMX_PROCBASED_CTLS2", 1 << 41, {"virtual_interrupts": True}),
    ("IA32_VMX_TRUE_PINBASED_CTLS", 1 << 38 | 1 << 39, {"preemption_timer": False, "posted_interrupts": True}),
    ("IA32_VMX_TRUE_PROCBASED_CTLS", 1 << 15, {"required": (0x16, 0x0400_E172, 0x3_6DFB, 0x11FB)}),
    ("IA32_VMX_EXIT_CTLS", 1 << 32 + 23, {"lacks": (0, 0, 1 << 23, 0, 0)}),
    ("IA32_VMX_CR4_FIXED1", 1 << 17, {"pcid": False})])
def test_a_bit_is_a_capability(name: str, flip: int, changes: dict[str, object]) -> None:
    value = MSRS[NUMBERS[name]] ^ flip
    found = with_msr(Caps(), NUMBERS[name], value, VMCS_REVISION)
    assert found == Caps()._replace(**changes)  # type: ignore[arg-type]
    assert cap.vmx_msrs(found, VMCS_REVISION).get(NUMBERS[name], 0) == value


@pytest.mark.parametrize(("name", "flip", "said"), [
    ("IA32_VMX_PROCBASED_CTLS2", 1 << 50, r"bit 50 \(EPT_VIOLATION_VE may be 1\) cannot be 1"),
    ("IA32_VMX_PROCBASED_CTLS2", 1 << 33, r"bit 39 \(UNRESTRICTED_GUEST may be 1\) cannot be 1"),
    ("IA32_VMX_TRUE_PINBASED_CTLS", 1 << 0, r"bit 0 \(EXTERNAL_INTERRUPT_EXITING must be 1\) cannot be 1"),
    ("IA32_VMX_PINBASED_CTLS", 1 << 1, r"bit 1 \(\(default1\) must be 1\) cannot be 0"),
    ("IA32_VMX_EPT_VPID_CAP", 1 << 20, r"bit 20 \(INVEPT\) cannot be 0: it follows from bits 25 and 26"),
    ("IA32_VMX_EPT_VPID_CAP", 1 << 7, r"bit 7 \(page walk of 5 levels\) cannot be 1: the model has it one way only"),
    ("IA32_VMX_MISC", 1 << 40, r"bit 40 \(MSEG revision identifier\) cannot be 1"),
    ("IA32_VMX_BASIC", 1 << 60, r"bit 60 \(reserved\) cannot be 1"), ("IA32_VMX_CR0_FIXED0", 1, r"bit 0 \(CR0.PE\) cannot be 0")])
def test_a_bit_that_the_model_has_one_way_only_is_named(name: str, flip: int, said: str) -> None:
    with pytest.raises(UserError, match=said):
        with_msr(Caps(), NUMBERS[name], MSRS[NUMBERS[name]] ^ flip, VMCS_REVISION)
