"""e79f245ddec1: the counter that a nested exit stores."""

from __future__ import annotations

import pytest

from kvm_support import Machine
from kvmdbg.machine.hw.controls import CPU_TSC_OFFSETTING
from kvmdbg.machine.kvm.guest_memory import kvm_read_guest


@pytest.mark.parametrize(("name", "stored"), [("v4.15", 0x501), ("e79f245ddec1^", 0x501), ("e79f245ddec1", 1), ("v5.7", 1)])
def test_the_offset_of_vmcs12_has_no_part_in_it(name: str, stored: int) -> None:
    m = Machine(name).given_vmx().given_l2(VM_EXIT_MSR_STORE_COUNT=1, VM_EXIT_MSR_STORE_ADDR=0xA000, TSC_OFFSET=0x500,
                                           CPU_BASED_VM_EXEC_CONTROL=0x8400_6172 | CPU_TSC_OFFSETTING)
    m.poke(0xA000, 0x10)
    m.enter()
    m.run("vmcall")
    assert kvm_read_guest(m.kvm, 0xA008) == stored
