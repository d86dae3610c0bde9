"""Controls that are checked and not executed."""

from __future__ import annotations

import pytest

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.controls import (
    CPU_SECONDARY_CONTROLS,
    CPU_TPR_SHADOW,
    SEC_APIC_REGISTER_VIRT,
    SEC_ENABLE_EPT,
    SEC_ENABLE_PML,
    SEC_MODE_BASED_EXECUTE,
    SEC_VIRTUALIZE_X2APIC_MODE,
)
from kvmdbg.machine.hw.entry import vm_entry
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.state import VMX_ROOT, Caps
from vmx import with_vmcs

ALL = Caps(virtual_interrupts=True, posted_interrupts=True, x2apic_mode=True, apic_registers=True, pml=True,
           mode_based_execute=True)
PRIMARY = CPU_TPR_SHADOW | CPU_SECONDARY_CONTROLS


@pytest.mark.parametrize(("secondary", "name"), [
    (SEC_VIRTUALIZE_X2APIC_MODE, "VIRTUALIZE_X2APIC_MODE"), (SEC_APIC_REGISTER_VIRT, "APIC_REGISTER_VIRT"),
    (SEC_ENABLE_PML | SEC_ENABLE_EPT, "ENABLE_PML"), (SEC_MODE_BASED_EXECUTE | SEC_ENABLE_EPT, "MODE_BASED_EXECUTE")])
def test_an_entry_that_would_use_one_is_refused_before_anything_changes(secondary: int, name: str) -> None:
    hw, cpu = with_vmcs({F.CPU_BASED_VM_EXEC_CONTROL: PRIMARY, F.SECONDARY_VM_EXEC_CONTROL: secondary}, ALL)
    before = hw.tape.cursor
    with pytest.raises(Unsupported, match=f"{name} is checked by VM entry"):
        vm_entry(hw, cpu, launch=True)
    assert (hw.tape.cursor, cpu.vmx) == (before, VMX_ROOT)
    vmcs.write(hw, cpu, F.GUEST_RFLAGS, 0)
    assert vm_entry(hw, cpu, launch=True).exit_reason == 0x8000_0021
