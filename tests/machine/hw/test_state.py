"""The processor's state lives on one tape."""

from __future__ import annotations

import pytest

from kvmdbg.errors import ModelBug
from kvmdbg.machine.hw.state import NO_VMCS, VMX_OFF, Cpu
from kvmdbg.machine.hw.tlbkey import LINEAR, NONE, TlbEntry, TlbKey
from support import HOST_CR3, new_hardware


def test_each_processor_has_its_own_tlb() -> None:
    hw = new_hardware(cpus=2)
    key = TlbKey(LINEAR, 0, 0, NONE, 0, 0x1000)
    hw.tlb[1][key] = TlbEntry(0, True, True, True, True, True, NONE, 0, 0)
    assert (len(hw.tlb[0]), len(hw.tlb[1])) == (0, 1)


def test_everything_is_on_the_tape() -> None:
    hw = new_hardware()
    before = hw.tape.freeze()
    cpu = hw.cpus[0]
    cpu.cr3 = 0x2000
    hw.memory[0x10] = 1
    hw.frames[0x3000] = "VMXON region"
    hw.free_frames[0x5000] = "freed"
    hw.vmcs[0x3000, 0x6802] = 7
    hw.launch_state[0x3000] = "clear"
    hw.tlb[0][TlbKey(LINEAR, 0, 0, NONE, 0, 0x1000)] = TlbEntry(0, True, True, True, True, True, NONE, 0, 0)
    after = hw.tape.freeze()
    assert {name for name in after if after[name] != before[name]} == {
        "cpu0", "memory", "frames", "free_frames", "vmcs", "launch_state", "tlb0"}
    hw.tape.seek(0)
    assert hw.tape.freeze() == before
    hw.tape.seek(hw.tape.end)
    assert hw.tape.freeze() == after


def test_a_processor_starts_outside_vmx_operation() -> None:
    cpu = new_hardware().cpus[0]
    assert (cpu.vmx, cpu.vmxon_pointer, cpu.current_vmcs, cpu.vpid, cpu.eptp) == (VMX_OFF, NO_VMCS, NO_VMCS, 0, 0)
    assert cpu.cr3 == HOST_CR3


def test_a_processor_needs_a_value_for_each_slot() -> None:
    with pytest.raises(ModelBug, match="efer"):
        Cpu(new_hardware().tape, "half a cpu", id=0)
