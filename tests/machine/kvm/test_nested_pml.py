"""Page-modification logging that KVM emulates for L1."""

from __future__ import annotations

import pytest

from kvm_support import DATA, EPT12, L2_CR3, L2_PAGE, Machine, exits, of, results
from kvmdbg.machine.hw import ept
from kvmdbg.machine.hw.controls import EXIT_REASON_PML_FULL, SEC_ENABLE_EPT, SEC_ENABLE_PML
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.machine.kvm.events import NestedExited
from kvmdbg.machine.kvm.guest_memory import kvm_read_guest
from kvmdbg.machine.kvm.nested_ept import walk_ept12

LOG = 0x9000
EPTP = EPT12 | ept.MEMTYPE_WB | ept.EPTP_WALK_LENGTH_4 | ept.EPTP_AD
STORE = f"store {L2_PAGE:#x}, 5"
LOGS = SEC_ENABLE_EPT | SEC_ENABLE_PML


def given(index: int, secondary: int = LOGS, eptp: int = EPTP, name: str = "v6.12") -> Machine:
    """L2 runs, with a log whose next entry is `index`; it has walked its tables, and stored nothing yet."""
    m = Machine(name).given_vmx().given_l2(eptp=eptp, SECONDARY_VM_EXEC_CONTROL=secondary, PML_ADDRESS=LOG, GUEST_PML_INDEX=511)
    m.enter()
    m.run(f"load {L2_PAGE:#x}")
    vmcs12.put(m.kvm, m.vcpu, F.GUEST_PML_INDEX, index)
    return m


def log(m: Machine, index: int) -> int:
    return kvm_read_guest(m.kvm, LOG + 8 * index) or 0


def dirty(m: Machine, gpa: int) -> bool:
    return walk_ept12(m.kvm, EPTP, gpa).dirty


def test_pages_of_l2s_own_tables_are_logged_from_the_end() -> None:
    m = Machine().given_vmx().given_l2(eptp=EPTP, SECONDARY_VM_EXEC_CONTROL=LOGS, PML_ADDRESS=LOG, GUEST_PML_INDEX=511)
    m.enter()
    m.run(f"load {L2_PAGE:#x}")
    index = vmcs12.get(m.kvm, m.vcpu, F.GUEST_PML_INDEX)
    assert log(m, 511) == L2_CR3 and index < 511
    assert all(log(m, i) and dirty(m, log(m, i)) for i in range(index + 1, 512)) and not log(m, index)


def test_a_store_is_logged_once() -> None:
    m = given(7)
    assert not of(m.run(STORE), NestedExited) and dirty(m, DATA)
    assert (log(m, 7), vmcs12.get(m.kvm, m.vcpu, F.GUEST_PML_INDEX)) == (DATA, 6)
    assert exits(m.run(STORE)) == [] and vmcs12.get(m.kvm, m.vcpu, F.GUEST_PML_INDEX) == 6


def test_after_entry_0_the_log_is_full_and_l1_gets_the_exit_before_the_flag_is_set() -> None:
    m = given(0)
    m.run(STORE)
    assert (log(m, 0), vmcs12.get(m.kvm, m.vcpu, F.GUEST_PML_INDEX)) == (DATA, 0xFFFF)
    m = given(0xFFFF)
    (exit_,) = of(m.run(STORE), NestedExited)
    assert exit_.reason == EXIT_REASON_PML_FULL and not dirty(m, DATA)
    assert [vmcs12.get(m.kvm, m.vcpu, field) for field in (F.EXIT_QUALIFICATION, F.GUEST_PHYSICAL_ADDRESS)] == [0, DATA]
    m.run("vmwrite GUEST_PML_INDEX, 0x1ff", "vmresume")
    m.run(STORE)
    assert log(m, 511) == DATA and dirty(m, DATA)


@pytest.mark.parametrize(("secondary", "eptp"), [(SEC_ENABLE_EPT, EPTP), (LOGS, EPTP & ~ept.EPTP_AD)])
def test_without_the_control_or_without_flags_nothing_is_logged(secondary: int, eptp: int) -> None:
    m = given(7, secondary, eptp)
    assert not of(m.run(STORE), NestedExited) and not log(m, 7)


def test_a_log_outside_memory_takes_nothing() -> None:
    m = given(7)
    vmcs12.put(m.kvm, m.vcpu, F.PML_ADDRESS, 1 << 40)
    assert not of(m.run(STORE), NestedExited) and vmcs12.get(m.kvm, m.vcpu, F.GUEST_PML_INDEX) == 7


def test_a_kernel_without_it_refuses_the_control() -> None:
    m = Machine("c5f983f6e845^").given_vmx().given_l2(SECONDARY_VM_EXEC_CONTROL=LOGS)
    assert results(m.enter()) == ["vmlaunch 7"]
