"""Machines whose L1 wrote the dump."""

from __future__ import annotations

import pytest

from dump_support import fields, vmcs_log
from kvmdbg.errors import UserError
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.state import VMX_NON_ROOT, Caps
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.machine.kvm.guest_memory import kvm_read_guest
from kvmdbg.machine.kvm.state import Config
from kvmdbg.session.dumps.dump import Dump
from kvmdbg.session.dumps.vmcs import vmcs_dumps
from kvmdbg.session.dumps.vmcs12_machine import free_pages, machine_of_l1
from kvmdbg.session.dumps.vmcs_machine import Loaded
from session_support import session


def load(on: str = "v6.12", msrs: tuple[tuple[int, int], ...] = (), **changes: int) -> Loaded:
    dump = next(vmcs_dumps(vmcs_log(fields(session("continue"), **changes), "v5.10", msrs)))
    return machine_of_l1(dump, kernel(on), Config(), Caps(), False)


@pytest.mark.parametrize("on", ["v3.1", "v4.4", "v5.8", "v6.12"])
def test_l1_stands_in_front_of_the_launch(on: str) -> None:
    made = load(on, GUEST_CR3=0x7000, PIN_BASED_VM_EXEC_CONTROL=0)
    kvm, vcpu = made.kvm, made.kvm.vcpus[0]
    assert vcpu.vmxon and vcpu.current_vmptr == 0x4000 and kvm.hw.cpus[0].vmx == VMX_NON_ROOT
    assert vmcs12.get(kvm, vcpu, F.GUEST_CR3) == 0x7000
    assert vmcs12.get(kvm, vcpu, F.PIN_BASED_VM_EXEC_CONTROL) == 0          # as it is, whatever would be right
    assert kvm.tape.end == 0 and made.notes[-1] == "`inject vmlaunch` lets L1 launch it"


def test_memory_reaches_as_far_as_the_addresses() -> None:
    made = load(EPT_POINTER=0x3_4567_805E)
    assert made.kvm.config.memory == 0x4_0000_0000 and "L1 was given 16 GiB of memory" in made.notes


def test_lists_of_msrs_lie_in_l1s_memory() -> None:
    made = load(msrs=((0x10, 5),))
    area = vmcs12.get(made.kvm, made.kvm.vcpus[0], F.VM_ENTRY_MSR_LOAD_ADDR)
    assert [kvm_read_guest(made.kvm, area + at) for at in (0, 8)] == [0x10, 5]
    assert vmcs12.get(made.kvm, made.kvm.vcpus[0], F.VM_ENTRY_MSR_LOAD_COUNT) == 1


def test_fields_that_vmcs12_lacks_are_named() -> None:
    made = load(SECONDARY_VM_EXEC_CONTROL=0x4AA, PLE_GAP=0x80, PLE_WINDOW=0x1000)
    assert "vmcs12 has no PLE_GAP, PLE_WINDOW: left out" in made.notes


def test_pages_that_the_dump_names_stay_free() -> None:
    assert free_pages({0x201A: 0x405E, 0x6802: 0x3000}, 3) == [0x5000, 0x6000, 0x7000]


def test_a_dump_without_controls_is_refused() -> None:
    with pytest.raises(UserError, match="no control state"):
        machine_of_l1(Dump("VMCS", 3, 9, {"GUEST_CR3": 1}), kernel("v6.12"), Config(), Caps(), False)
