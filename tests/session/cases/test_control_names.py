"""Controls by their names, as keys and in words."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw import controls as c
from kvmdbg.machine.hw.fields import F
from kvmdbg.session.cases.control_names import CONTROLS, Control, named


@pytest.mark.parametrize(("text", "field", "bit", "on"), [
    ("enable VPID", F.SECONDARY_VM_EXEC_CONTROL, c.SEC_ENABLE_VPID, True),
    ("NMI-window exiting 0", F.CPU_BASED_VM_EXEC_CONTROL, c.CPU_NMI_WINDOW_EXITING, False),
    ("virtualize x2APIC mode enabled", F.SECONDARY_VM_EXEC_CONTROL, c.SEC_VIRTUALIZE_X2APIC_MODE, True),
    ("save VMX-preemption timer value = 1", F.VM_EXIT_CONTROLS, c.EXIT_SAVE_PREEMPTION_TIMER, True),
    ("activate VMX-preemption timer off", F.PIN_BASED_VM_EXEC_CONTROL, c.PIN_PREEMPTION_TIMER, False),
    ("load EFER on exit 1 (host)", F.VM_EXIT_CONTROLS, c.EXIT_LOAD_IA32_EFER, True),
    ("use I/O bitmaps", F.CPU_BASED_VM_EXEC_CONTROL, c.CPU_USE_IO_BITMAPS, True),
    ("secondary controls disabled", F.CPU_BASED_VM_EXEC_CONTROL, c.CPU_SECONDARY_CONTROLS, False)])
def test_a_control_in_words(text: str, field: int, bit: int, on: bool) -> None:
    assert named(text) == (Control(field, bit), on)


@pytest.mark.parametrize("text", ["enable levitation", "vmwrite EPTP 0", "save/restore", "load gva=V", "secondary controls = ~0"])
def test_other_words_are_none(text: str) -> None:
    assert named(text) is None


def test_every_control_is_one_bit() -> None:
    assert all(control.bit.bit_count() == 1 for control in CONTROLS.values())
