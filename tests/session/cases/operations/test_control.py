"""Controls by their names in words."""

from __future__ import annotations

import pytest

from casework import harness, operation
from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.controls import CPU_SECONDARY_CONTROLS, PIN_NMI_EXITING, SEC_ENABLE_EPT, SEC_ENABLE_VPID
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.session.cases.control_bits import Bit
from kvmdbg.session.cases.operations.control import control, for_one_bit, whole_word


def test_on_off_and_no_number() -> None:
    h = harness()
    for step, wanted in (("enable VPID", SEC_ENABLE_VPID), ("enable EPT = 1", SEC_ENABLE_VPID | SEC_ENABLE_EPT),
                         ("enable VPID = 0", SEC_ENABLE_EPT), ("enable EPT 0", 0)):
        control(h, *operation(f"L1: {step}"))
        assert vmcs12.get(h.kvm, h.vcpu, F.SECONDARY_VM_EXEC_CONTROL) == wanted
    assert vmcs12.get(h.kvm, h.vcpu, F.CPU_BASED_VM_EXEC_CONTROL) & CPU_SECONDARY_CONTROLS


def test_other_words() -> None:
    h = harness()
    control(h, *operation("L1: NMI exiting 1"))
    assert vmcs12.get(h.kvm, h.vcpu, F.PIN_BASED_VM_EXEC_CONTROL) & PIN_NMI_EXITING
    control(h, *operation("L1: NMI exiting 0"))
    assert not vmcs12.get(h.kvm, h.vcpu, F.PIN_BASED_VM_EXEC_CONTROL) & PIN_NMI_EXITING
    for text, field, bit in (
            ("load EFER on entry 1", F.VM_ENTRY_CONTROLS, 1 << 15), ("load PAT on exit 1", F.VM_EXIT_CONTROLS, 1 << 19),
            ("IA-32e guest = 1", F.VM_ENTRY_CONTROLS, 1 << 9),
            ("virtualize APIC accesses enabled", F.SECONDARY_VM_EXEC_CONTROL, 1)):
        control(h, *operation(f"L1: {text}"))
        assert vmcs12.get(h.kvm, h.vcpu, field) & bit, text
    control(h, *operation("L1: virtualize APIC accesses disabled"))
    assert not vmcs12.get(h.kvm, h.vcpu, F.SECONDARY_VM_EXEC_CONTROL) & 1
    control(h, *operation("L1: load debug controls 1"))
    assert vmcs12.get(h.kvm, h.vcpu, F.VM_ENTRY_CONTROLS) & 4


@pytest.mark.parametrize("step", ["enable levitation", "virtual reality 1", "enable VPID perhaps"])
def test_unknown_controls_are_unsupported(step: str) -> None:
    with pytest.raises(Unsupported, match="this control is not known by name"):
        control(harness(), *operation(f"L1: {step}"))


def test_one_bit_of_a_kind() -> None:
    h = harness()
    h.bit = Bit(F.PIN_BASED_VM_EXEC_CONTROL, 1 << 2, 0x16)
    for word, value in (("cleared", 0x12), ("set", 0x16)):
        for_one_bit(h, *operation(f"L1: for one bit: write allowed0 with that bit {word}"))
        assert vmcs12.get(h.kvm, h.vcpu, F.PIN_BASED_VM_EXEC_CONTROL) == value
    h.bit = Bit(F.SECONDARY_VM_EXEC_CONTROL, 1 << 31, 0)
    for_one_bit(h, *operation("L1: for one bit: write allowed0 with that bit set"))
    assert vmcs12.get(h.kvm, h.vcpu, F.CPU_BASED_VM_EXEC_CONTROL) & CPU_SECONDARY_CONTROLS


def test_without_a_kind_there_is_no_one_bit() -> None:
    with pytest.raises(Unsupported, match="only a bit of the kind that the row names"):
        for_one_bit(harness(), *operation("L1: for one bit: write allowed0 with that bit set"))


def test_a_step_that_speaks_of_the_secondary_controls_has_the_last_word() -> None:
    h = harness()
    control(h, *operation("L1: secondary controls 0"))
    control(h, *operation("L1: virtual-interrupt delivery 1"))
    assert not vmcs12.get(h.kvm, h.vcpu, F.CPU_BASED_VM_EXEC_CONTROL) & CPU_SECONDARY_CONTROLS
    whole_word(h, *operation("L1: secondary controls = ~0"))
    assert vmcs12.get(h.kvm, h.vcpu, F.SECONDARY_VM_EXEC_CONTROL) == 0xFFFF_FFFF
    with pytest.raises(Unsupported, match="only `secondary controls = VALUE`"):
        whole_word(h, *operation("L1: secondary thoughts"))
