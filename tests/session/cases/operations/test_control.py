"""Controls by their names in words."""

from __future__ import annotations

import pytest

from casework import harness, operation
from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.controls import CPU_SECONDARY_CONTROLS, PIN_NMI_EXITING, SEC_ENABLE_EPT, SEC_ENABLE_VPID
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.session.cases.operations.control import control


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
