"""Faults and VM exits as exceptions."""

from __future__ import annotations

from kvmdbg.errors import KvmdbgError
from kvmdbg.machine.hw.faults import GuestFault, VmExit


def test_a_fault_carries_what_its_delivery_needs() -> None:
    fault = GuestFault("#PF", 2, 0x401000)
    assert (fault.vector, fault.error_code, fault.address) == ("#PF", 2, 0x401000)
    assert str(GuestFault("#UD")) == "#UD(0x0)"


def test_an_exit_carries_what_the_vmcs_needs() -> None:
    leaves = VmExit(48, 0x181, gpa=0x5000, gla=0x401000)
    assert (leaves.reason, leaves.qualification, leaves.gpa, leaves.gla) == (48, 0x181, 0x5000, 0x401000)
    assert str(VmExit(12)) == "VM exit 12"


def test_neither_is_an_error_of_kvmdbg() -> None:
    assert not issubclass(GuestFault, KvmdbgError) and not issubclass(VmExit, KvmdbgError)
